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
    type ReadonlyUint8Array,
    type TransactionSigner,
    assertAccountExists,
    fetchEncodedAccount,
    fixCodecSize,
    getArrayCodec,
    getBase64Encoder,
    getBooleanCodec,
    getDiscriminatedUnionCodec,
    getNullableCodec,
    getStructCodec,
    getU16Codec,
    getU64Codec,
    getU8Codec,
    getUnitCodec,
    isProgramError,
} from '@solana/kit';

/** The program `2-fast!`. */
export const X2_FAST_PROGRAM_ADDRESS = 'Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS' as Address<'Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS'>;

/** Where the program is, and what else an instruction is given. */
export type InstructionConfig = {
    /** The address of the program, if it is another one. */
    programAddress?: Address;
    /** Accounts after those that the instruction declares. */
    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];
};

/** `Option` of the program. */
export type Option_ = {
    type: number;
    aB: number;
    aB2: number;
};

/** The layout of `Option_`. */
export function getOption_Codec(): FixedSizeCodec<Option_> {
    return getStructCodec([['type', getU8Codec()], ['aB', getU8Codec()], ['aB2', getU8Codec()]]);
}

/** `Pubkey` of the program. */
export type Pubkey = {
    self: number;
};

/** The layout of `Pubkey`. */
export function getPubkeyCodec(): FixedSizeCodec<Pubkey> {
    return getStructCodec([['self', getU8Codec()]]);
}

/** `Result` of the program. */
export type Result =
    | { __kind: 'Ok'; out: number; end: number; }
    | { __kind: 'Err'; bytes: Pubkey; self: boolean | null; }
    | { __kind: 'None'; };

/** The layout of `Result`. */
export function getResultCodec(): FixedSizeCodec<Result> {
    return fixCodecSize(getDiscriminatedUnionCodec([
        ['Ok', getStructCodec([['out', getU8Codec()], ['end', getU16Codec()]])],
        ['Err', getStructCodec([['bytes', getPubkeyCodec()], ['self', getNullableCodec(getBooleanCodec(), { noneValue: 'zeroes' })]])],
        ['None', getUnitCodec()],
    ]), 4);
}

/** `Empty` of the program. */
export type Empty = {
};

/** The layout of `Empty`. */
export function getEmptyCodec(): FixedSizeCodec<Empty> {
    return getStructCodec([]);
}

/** `newInput` of the program. */
export type NewInput = {
    x: number;
};

/** The layout of `NewInput`. */
export function getNewInputCodec(): FixedSizeCodec<NewInput> {
    return getStructCodec([['x', getU8Codec()]]);
}

/** The account `Address`. */
export type Address_ = {
    fn: Option_;
    class: Pubkey;
    gruf6udfe: number;
    discriminator: number;
    data: (Result | null)[];
    nothing: Empty[];
};

/** The layout of `Address_`, after its first eight bytes. */
export function getAddress_Codec(): FixedSizeCodec<Address_> {
    return getStructCodec([['fn', getOption_Codec()], ['class', getPubkeyCodec()], ['gruf6udfe', getU8Codec()], ['discriminator', getU8Codec()], ['data', getArrayCodec(getNullableCodec(getResultCodec(), { noneValue: 'zeroes' }), { size: 2 })], ['nothing', getArrayCodec(getEmptyCodec(), { size: 3 })]]);
}

/** The first bytes of accounts of the type `Address`. */
export const ADDRESS_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([33, 141, 133, 70, 148, 151, 68, 172]);

/** The size of all of it in bytes. */
export const ADDRESS_SIZE = 24;

/** Reads the data; throws if they are something else. */
export function decodeAddress_(data: ReadonlyUint8Array): Address_ {
    return getAddress_Codec().decode(dataAfter('Address_', ADDRESS_DISCRIMINATOR, ADDRESS_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeAddress_(value: Address_): ReadonlyUint8Array {
    const data = new Uint8Array(ADDRESS_SIZE);
    data.set(ADDRESS_DISCRIMINATOR);
    getAddress_Codec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchAddress_(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Address_> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? X2_FAST_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeAddress_(account.data);
}

/** The account `AB`. */
export type Ab = {
    x: NewInput;
};

/** The layout of `Ab`, after its first eight bytes. */
export function getAbCodec(): FixedSizeCodec<Ab> {
    return getStructCodec([['x', getNewInputCodec()]]);
}

/** The first bytes of accounts of the type `AB`. */
export const AB_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([163, 108, 140, 209, 155, 111, 74, 251]);

/** The size of all of it in bytes. */
export const AB_SIZE = 9;

/** Reads the data; throws if they are something else. */
export function decodeAb(data: ReadonlyUint8Array): Ab {
    return getAbCodec().decode(dataAfter('Ab', AB_DISCRIMINATOR, AB_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeAb(value: Ab): ReadonlyUint8Array {
    const data = new Uint8Array(AB_SIZE);
    data.set(AB_DISCRIMINATOR);
    getAbCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchAb(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Ab> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? X2_FAST_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeAb(account.data);
}

/** The account `Ab`. */
export type Ab2 = {
    x: number;
};

/** The layout of `Ab2`, after its first eight bytes. */
export function getAb2Codec(): FixedSizeCodec<Ab2> {
    return getStructCodec([['x', getU16Codec()]]);
}

/** The first bytes of accounts of the type `Ab`. */
export const AB2_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([0, 6, 112, 189, 195, 19, 214, 243]);

/** The size of all of it in bytes. */
export const AB2_SIZE = 10;

/** Reads the data; throws if they are something else. */
export function decodeAb2(data: ReadonlyUint8Array): Ab2 {
    return getAb2Codec().decode(dataAfter('Ab2', AB2_DISCRIMINATOR, AB2_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeAb2(value: Ab2): ReadonlyUint8Array {
    const data = new Uint8Array(AB2_SIZE);
    data.set(AB2_DISCRIMINATOR);
    getAb2Codec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchAb2(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Ab2> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? X2_FAST_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeAb2(account.data);
}

/** The event `Instruction`. */
export type Instruction_ = {
    size: bigint;
};

/** The layout of `Instruction_`, after its first eight bytes. */
export function getInstruction_Codec(): FixedSizeCodec<Instruction_> {
    return getStructCodec([['size', getU64Codec()]]);
}

/** The first bytes of the event `Instruction`. */
export const INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([24, 16, 93, 240, 159, 50, 134, 78]);

/** The size of all of it in bytes. */
export const INSTRUCTION_SIZE = 16;

/** Reads the data; throws if they are something else. */
export function decodeInstruction_(data: ReadonlyUint8Array): Instruction_ {
    return getInstruction_Codec().decode(dataAfter('Instruction_', INSTRUCTION_DISCRIMINATOR, INSTRUCTION_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeInstruction_(value: Instruction_): ReadonlyUint8Array {
    const data = new Uint8Array(INSTRUCTION_SIZE);
    data.set(INSTRUCTION_DISCRIMINATOR);
    getInstruction_Codec().write(value, data, 8);
    return data;
}

/** An event of the program. */
export type ProgramEvent =
    | { name: 'Instruction_'; data: Instruction_ };

/**
 * The events in the log of a transaction. Another program can log the same bytes: what counts is whose
 * instruction wrote them.
 */
export function readEvents(logs: readonly string[]): ProgramEvent[] {
    const events: ProgramEvent[] = [];
    for (const line of logs) {
        if (!line.startsWith('Program data: ')) continue;
        const data = getBase64Encoder().encode(line.slice('Program data: '.length).split(' ')[0] ?? '');
        if (data.length === INSTRUCTION_SIZE && INSTRUCTION_DISCRIMINATOR.every((byte, place) => data[place] === byte)) {
            events.push({ name: 'Instruction_', data: decodeInstruction_(data) });
        }
    }
    return events;
}

/** The first bytes of the data of the instruction `new`. */
export const NEW_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([135, 44, 205, 198, 25, 1, 72, 188]);

/** What the instruction `new` takes. */
export type New_Input = {
    config: Address;
    input2: TransactionSigner;
    programAddress: Address;
    input: number;
    data: NewInput;
    program: Result;
    owner: number;
};

/** Its input has the name of a type, its accounts and arguments those of others. */
export function getNew_Instruction(
    input: New_Input,
    config: InstructionConfig = {},
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress ?? X2_FAST_PROGRAM_ADDRESS;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.config, role: AccountRole.WRITABLE });
    accounts.push({ address: input.input2.address, role: AccountRole.READONLY_SIGNER, signer: input.input2 });
    accounts.push({ address: input.programAddress, role: AccountRole.READONLY });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(15);
    data.set(NEW_INSTRUCTION_DISCRIMINATOR);
    getU8Codec().write(input.input, data, 8);
    getNewInputCodec().write(input.data, data, 9);
    getResultCodec().write(input.program, data, 10);
    getU8Codec().write(input.owner, data, 14);
    return { programAddress, accounts, data };
}

/** The first bytes of the data of the instruction `nothing`. */
export const NOTHING_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([16, 58, 65, 150, 129, 186, 165, 73]);

/** What the instruction `nothing` takes. */
export type NothingInput = {
};

/** The instruction `nothing`. */
export function getNothingInstruction(
    _input: NothingInput,
    config: InstructionConfig = {},
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress ?? X2_FAST_PROGRAM_ADDRESS;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(8);
    data.set(NOTHING_INSTRUCTION_DISCRIMINATOR);
    return { programAddress, accounts, data };
}

/** * / 	 " ' \ ${x} ` */
export const ERROR_IS = 6000;

/** second
line */
export const ERROR_IS2 = 6001;

/** another number */
export const ERROR_OTHER = 7000;

/** The errors of the program by their codes. */
export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
    6000: { name: "Is?", message: "*/ \t \" ' \\ ${x} `" },
    6001: { name: "is", message: "second\nline" },
    7000: { name: "Other", message: "another number" },
};

/** True if a transaction failed with an error of the program, or with one of its codes. */
export function isErrorOfProgram(
    error: unknown,
    transactionMessage: Parameters<typeof isProgramError>[1],
    code?: number,
    programAddress?: Address,
): boolean {
    return isProgramError(error, transactionMessage, programAddress ?? X2_FAST_PROGRAM_ADDRESS, code);
}

/** The data after the eight bytes that tell what they are. */
function dataAfter(name: string, discriminator: ReadonlyUint8Array, size: number, data: ReadonlyUint8Array) {
    if (data.length !== size) throw new Error(`${name} has ${size} bytes, not ${data.length}`);
    if (discriminator.some((byte, place) => data[place] !== byte)) throw new Error(`the data are no ${name}`);
    return data.subarray(discriminator.length);
}
