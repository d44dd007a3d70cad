// The client of a program, written by `ovsmc client`. Changes to it are lost.

import {
    type AccountMeta,
    AccountRole,
    type AccountSignerMeta,
    type Address,
    type FetchAccountConfig,
    type FixedSizeCodec,
    type Instruction,
    type InstructionWithAccounts,
    type InstructionWithData,
    type ProgramDerivedAddress,
    type ReadonlyUint8Array,
    type TransactionSigner,
    assertAccountExists,
    fetchEncodedAccount,
    fixCodecSize,
    getAddressCodec,
    getArrayCodec,
    getBase64Encoder,
    getBooleanCodec,
    getBytesCodec,
    getDiscriminatedUnionCodec,
    getEnumCodec,
    getI16Codec,
    getI32Codec,
    getNullableCodec,
    getProgramDerivedAddress,
    getStructCodec,
    getU128Codec,
    getU32Codec,
    getU64Codec,
    getU8Codec,
    getUnitCodec,
    isProgramError,
    transformCodec,
} from '@solana/kit';

/**
 * The program `name-registry`.
 * A registry of names: everything that an interface can say stands here once.
 */
export const NAME_REGISTRY_PROGRAM_ADDRESS = 'Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS' as Address<'Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS'>;

/** Where the program is, and what else an instruction is given. */
export type InstructionConfig = {
    /** The address of the program, if it is another one. */
    programAddress?: Address;
    /** Accounts after those that the instruction declares. */
    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];
};

/** How visible an entry is. */
export enum Visibility {
    Hidden,
    Public,
}

/** The layout of `Visibility`. */
export function getVisibilityCodec(): FixedSizeCodec<Visibility> {
    return getEnumCodec(Visibility);
}

/** Where something is. */
export type Place = {
    x: number;
    y: number;
};

/** The layout of `Place`. */
export function getPlaceCodec(): FixedSizeCodec<Place> {
    return getStructCodec([['x', getI16Codec()], ['y', getI32Codec()]]);
}

/** What an entry stands for. */
export type Target =
    | { __kind: 'Nothing'; }
    | { __kind: 'Key'; key: Address; }
    | { __kind: 'Sum'; amount: bigint; place: Place; };

/** The layout of `Target`. */
export function getTargetCodec(): FixedSizeCodec<Target> {
    return fixCodecSize(getDiscriminatedUnionCodec([
        ['Nothing', getUnitCodec()],
        ['Key', getStructCodec([['key', getAddressCodec()]])],
        ['Sum', getStructCodec([['amount', getU64Codec()], ['place', getPlaceCodec()]])],
    ]), 33);
}

/**
 * One name.
 * Its owner may change it.
 */
export type Entry = {
    owner: Address;
    visibility: Visibility;
    target: Target;
    parent: Address | null;
    limit: bigint | null;
    places: Place[];
    label: ReadonlyUint8Array;
    isOpen: boolean;
    balance: bigint;
    bump: number;
};

/** The layout of `Entry`, after its first eight bytes. */
export function getEntryCodec(): FixedSizeCodec<Entry> {
    return getStructCodec([['owner', getAddressCodec()], ['visibility', getVisibilityCodec()], ['target', getTargetCodec()], ['parent', getNullableCodec(getAddressCodec(), { noneValue: 'zeroes' })], ['limit', getNullableCodec(getU64Codec(), { noneValue: 'zeroes' })], ['places', getArrayCodec(getPlaceCodec(), { size: 2 })], ['label', exactBytes(16)], ['isOpen', getBooleanCodec()], ['balance', getU128Codec()], ['bump', getU8Codec()]]);
}

/** The first bytes of accounts of the type `Entry`. */
export const ENTRY_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([63, 18, 152, 113, 215, 246, 221, 250]);

/** The size of all of it in bytes. */
export const ENTRY_SIZE = 162;

/** Reads the data; throws if they are something else. */
export function decodeEntry(data: ReadonlyUint8Array): Entry {
    return getEntryCodec().decode(dataAfter('Entry', ENTRY_DISCRIMINATOR, ENTRY_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeEntry(value: Entry): ReadonlyUint8Array {
    const data = new Uint8Array(ENTRY_SIZE);
    data.set(ENTRY_DISCRIMINATOR);
    getEntryCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchEntry(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Entry> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeEntry(account.data);
}

/** The account `Settings`. */
export type Settings = {
    fee: bigint;
};

/** The layout of `Settings`, after its first eight bytes. */
export function getSettingsCodec(): FixedSizeCodec<Settings> {
    return getStructCodec([['fee', getU64Codec()]]);
}

/** The first bytes of accounts of the type `Settings`. */
export const SETTINGS_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([223, 179, 163, 190, 177, 224, 67, 173]);

/** The size of all of it in bytes. */
export const SETTINGS_SIZE = 16;

/** Reads the data; throws if they are something else. */
export function decodeSettings(data: ReadonlyUint8Array): Settings {
    return getSettingsCodec().decode(dataAfter('Settings', SETTINGS_DISCRIMINATOR, SETTINGS_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeSettings(value: Settings): ReadonlyUint8Array {
    const data = new Uint8Array(SETTINGS_SIZE);
    data.set(SETTINGS_DISCRIMINATOR);
    getSettingsCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchSettings(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Settings> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeSettings(account.data);
}

/** An entry was changed. */
export type EntryChanged = {
    entry: Address;
    target: Target;
    limit: bigint | null;
};

/** The layout of `EntryChanged`, after its first eight bytes. */
export function getEntryChangedCodec(): FixedSizeCodec<EntryChanged> {
    return getStructCodec([['entry', getAddressCodec()], ['target', getTargetCodec()], ['limit', getNullableCodec(getU64Codec(), { noneValue: 'zeroes' })]]);
}

/** The first bytes of the event `EntryChanged`. */
export const ENTRY_CHANGED_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([228, 20, 252, 83, 45, 22, 163, 142]);

/** The size of all of it in bytes. */
export const ENTRY_CHANGED_SIZE = 82;

/** Reads the data; throws if they are something else. */
export function decodeEntryChanged(data: ReadonlyUint8Array): EntryChanged {
    return getEntryChangedCodec().decode(dataAfter('EntryChanged', ENTRY_CHANGED_DISCRIMINATOR, ENTRY_CHANGED_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeEntryChanged(value: EntryChanged): ReadonlyUint8Array {
    const data = new Uint8Array(ENTRY_CHANGED_SIZE);
    data.set(ENTRY_CHANGED_DISCRIMINATOR);
    getEntryChangedCodec().write(value, data, 8);
    return data;
}

/** An event of the program. */
export type ProgramEvent =
    | { name: 'EntryChanged'; data: EntryChanged };

/**
 * The events in the log of a transaction. Another program can log the same bytes: what counts is whose
 * instruction wrote them.
 */
export function readEvents(logs: readonly string[]): ProgramEvent[] {
    const events: ProgramEvent[] = [];
    for (const line of logs) {
        if (!line.startsWith('Program data: ')) continue;
        const data = getBase64Encoder().encode(line.slice('Program data: '.length).split(' ')[0] ?? '');
        if (data.length === ENTRY_CHANGED_SIZE && ENTRY_CHANGED_DISCRIMINATOR.every((byte, place) => data[place] === byte)) {
            events.push({ name: 'EntryChanged', data: decodeEntryChanged(data) });
        }
    }
    return events;
}

/** The derived address of `entry`, with its bump. */
export async function findEntryAddress(
    seeds: { owner: Address; number: number; },
    config: { programAddress?: Address } = {},
): Promise<ProgramDerivedAddress> {
    return await getProgramDerivedAddress({
        programAddress: config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS,
        seeds: [
            new Uint8Array([101, 110, 116, 114, 121]),
            getAddressCodec().encode(seeds.owner),
            getU32Codec().encode(seeds.number),
        ],
    });
}

/** The derived address of `settings`, with its bump. */
export async function findSettingsAddress(
    config: { programAddress?: Address } = {},
): Promise<ProgramDerivedAddress> {
    return await getProgramDerivedAddress({
        programAddress: config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS,
        seeds: [
            new Uint8Array([115, 101, 116, 116, 105, 110, 103, 115]),
        ],
    });
}

/** The derived address of `made`, with its bump. */
export async function findMadeAddress(
    seeds: { owner: Address; },
    config: { programAddress?: Address } = {},
): Promise<ProgramDerivedAddress> {
    return await getProgramDerivedAddress({
        programAddress: config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS,
        seeds: [
            new Uint8Array([109, 97, 100, 101]),
            new Uint8Array([2, 1]),
            getAddressCodec().encode(seeds.owner),
            getAddressCodec().encode('SysvarRent111111111111111111111111111111111' as Address),
        ],
    });
}

/** The first bytes of the data of the instruction `change`. */
export const CHANGE_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([203, 118, 212, 177, 52, 239, 18, 203]);

/** What the instruction `change` takes. */
export type ChangeInput = {
    entry: Address;
    owner: TransactionSigner;
    target: Target;
    limit: bigint | null;
    label: ReadonlyUint8Array;
    isOpen: boolean;
    balance: bigint;
};

/** Changes what an entry stands for. */
export function getChangeInstruction(
    input: ChangeInput,
    config: InstructionConfig = {},
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.entry, role: AccountRole.WRITABLE });
    accounts.push({ address: input.owner.address, role: AccountRole.READONLY_SIGNER, signer: input.owner });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(83);
    data.set(CHANGE_INSTRUCTION_DISCRIMINATOR);
    getTargetCodec().write(input.target, data, 8);
    getNullableCodec(getU64Codec(), { noneValue: 'zeroes' }).write(input.limit, data, 41);
    exactBytes(16).write(input.label, data, 50);
    getBooleanCodec().write(input.isOpen, data, 66);
    getU128Codec().write(input.balance, data, 67);
    return { programAddress, accounts, data };
}

/** The first bytes of the data of the instruction `rename`. */
export const RENAME_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([8, 7, 6, 5, 4, 3, 2, 1]);

/** What the instruction `rename` takes. */
export type RenameInput = {
    entry?: Address;
    owner: TransactionSigner;
    settings?: Address;
    child: Address;
    system?: Address;
    log?: Address;
    made?: Address;
    fresh: TransactionSigner;
    token?: Address;
    clock?: Address;
    closed: Address;
    number: number;
    place: Place;
};

/** Says its interface by hand: addresses that are derived, and what no check stands for. */
export async function getRenameInstruction(
    input: RenameInput,
    config: InstructionConfig = {},
): Promise<Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array>> {
    const programAddress: Address = config.programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.entry ?? (await findEntryAddress({ owner: input.owner.address, number: input.number }, { programAddress }))[0], role: AccountRole.WRITABLE });
    accounts.push({ address: input.owner.address, role: AccountRole.WRITABLE_SIGNER, signer: input.owner });
    accounts.push({ address: input.settings ?? (await findSettingsAddress({ programAddress }))[0], role: AccountRole.READONLY });
    accounts.push({ address: input.child, role: AccountRole.READONLY });
    accounts.push({ address: input.system ?? ('11111111111111111111111111111111' as Address), role: AccountRole.READONLY });
    accounts.push({ address: input.log ?? programAddress, role: input.log ? AccountRole.READONLY : AccountRole.READONLY });
    accounts.push({ address: input.made ?? (await findMadeAddress({ owner: input.owner.address }, { programAddress }))[0], role: AccountRole.WRITABLE });
    accounts.push({ address: input.fresh.address, role: AccountRole.WRITABLE_SIGNER, signer: input.fresh });
    accounts.push({ address: input.token ?? ('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address), role: AccountRole.READONLY });
    accounts.push({ address: input.clock ?? ('SysvarC1ock11111111111111111111111111111111' as Address), role: AccountRole.READONLY });
    accounts.push({ address: input.closed, role: AccountRole.WRITABLE });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(18);
    data.set(RENAME_INSTRUCTION_DISCRIMINATOR);
    getU32Codec().write(input.number, data, 8);
    getPlaceCodec().write(input.place, data, 12);
    return { programAddress, accounts, data };
}

/** the signer does not own the entry */
export const ERROR_NOT_OWNER = 6000;

/** the entry is "closed" */
export const ERROR_CLOSED = 6001;

/** Unexplained */
export const ERROR_UNEXPLAINED = 6002;

/** The errors of the program by their codes. */
export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
    6000: { name: "NotOwner", message: "the signer does not own the entry" },
    6001: { name: "Closed", message: "the entry is \"closed\"" },
    6002: { name: "Unexplained", message: "Unexplained" },
};

/** True if a transaction failed with an error of the program, or with one of its codes. */
export function isErrorOfProgram(
    error: unknown,
    transactionMessage: Parameters<typeof isProgramError>[1],
    code?: number,
    programAddress?: Address,
): boolean {
    return isProgramError(error, transactionMessage, programAddress ?? NAME_REGISTRY_PROGRAM_ADDRESS, code);
}

/** Exactly so many bytes. */
function exactBytes(size: number): FixedSizeCodec<ReadonlyUint8Array> {
    return transformCodec(fixCodecSize(getBytesCodec(), size), (value: ReadonlyUint8Array) => {
        if (value.length !== size) throw new RangeError(`${size} bytes are needed, not ${value.length}`);
        return value;
    });
}

/** The data after the eight bytes that tell what they are. */
function dataAfter(name: string, discriminator: ReadonlyUint8Array, size: number, data: ReadonlyUint8Array) {
    if (data.length !== size) throw new Error(`${name} has ${size} bytes, not ${data.length}`);
    if (discriminator.some((byte, place) => data[place] !== byte)) throw new Error(`the data are no ${name}`);
    return data.subarray(discriminator.length);
}
