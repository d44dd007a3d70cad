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
    getAddressCodec,
    getBase64Encoder,
    getStructCodec,
    getU64Codec,
    isProgramError,
} from '@solana/kit';

/**
 * The program `counter`.
 * A counter that only its authority may increment.
 * Its address is not part of its source, so it is given to what needs it.
 */
export type InstructionConfig = {
    /** The address of the program. */
    programAddress: Address;
    /** Accounts after those that the instruction declares. */
    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];
};

/** The account `Counter`. */
export type Counter = {
    authority: Address;
    count: bigint;
};

/** The layout of `Counter`, after its first eight bytes. */
export function getCounterCodec(): FixedSizeCodec<Counter> {
    return getStructCodec([['authority', getAddressCodec()], ['count', getU64Codec()]]);
}

/** The first bytes of accounts of the type `Counter`. */
export const COUNTER_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([255, 176, 4, 245, 188, 253, 124, 25]);

/** The size of all of it in bytes. */
export const COUNTER_SIZE = 48;

/** Reads the data; throws if they are something else. */
export function decodeCounter(data: ReadonlyUint8Array): Counter {
    return getCounterCodec().decode(dataAfter('Counter', COUNTER_DISCRIMINATOR, COUNTER_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeCounter(value: Counter): ReadonlyUint8Array {
    const data = new Uint8Array(COUNTER_SIZE);
    data.set(COUNTER_DISCRIMINATOR);
    getCounterCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchCounter(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress: Address },
): Promise<Counter> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeCounter(account.data);
}

/** What was added, and what came of it. */
export type Incremented = {
    by: bigint;
    count: bigint;
};

/** The layout of `Incremented`, after its first eight bytes. */
export function getIncrementedCodec(): FixedSizeCodec<Incremented> {
    return getStructCodec([['by', getU64Codec()], ['count', getU64Codec()]]);
}

/** The first bytes of the event `Incremented`. */
export const INCREMENTED_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([92, 207, 119, 204, 71, 205, 108, 15]);

/** The size of all of it in bytes. */
export const INCREMENTED_SIZE = 24;

/** Reads the data; throws if they are something else. */
export function decodeIncremented(data: ReadonlyUint8Array): Incremented {
    return getIncrementedCodec().decode(dataAfter('Incremented', INCREMENTED_DISCRIMINATOR, INCREMENTED_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeIncremented(value: Incremented): ReadonlyUint8Array {
    const data = new Uint8Array(INCREMENTED_SIZE);
    data.set(INCREMENTED_DISCRIMINATOR);
    getIncrementedCodec().write(value, data, 8);
    return data;
}

/** An event of the program. */
export type ProgramEvent =
    | { name: 'Incremented'; data: Incremented };

/**
 * The events in the log of a transaction. Another program can log the same bytes: what counts is whose
 * instruction wrote them.
 */
export function readEvents(logs: readonly string[]): ProgramEvent[] {
    const events: ProgramEvent[] = [];
    for (const line of logs) {
        if (!line.startsWith('Program data: ')) continue;
        const data = getBase64Encoder().encode(line.slice('Program data: '.length).split(' ')[0] ?? '');
        if (data.length === INCREMENTED_SIZE && INCREMENTED_DISCRIMINATOR.every((byte, place) => data[place] === byte)) {
            events.push({ name: 'Incremented', data: decodeIncremented(data) });
        }
    }
    return events;
}

/** The first bytes of the data of the instruction `claim`. */
export const CLAIM_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([62, 198, 214, 193, 213, 159, 108, 210]);

/** What the instruction `claim` takes. */
export type ClaimInput = {
    counter: Address;
    authority: TransactionSigner;
};

/** Claims a counter that nobody has claimed. */
export function getClaimInstruction(
    input: ClaimInput,
    config: InstructionConfig,
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.counter, role: AccountRole.WRITABLE });
    accounts.push({ address: input.authority.address, role: AccountRole.READONLY_SIGNER, signer: input.authority });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(8);
    data.set(CLAIM_INSTRUCTION_DISCRIMINATOR);
    return { programAddress, accounts, data };
}

/** The first bytes of the data of the instruction `increment`. */
export const INCREMENT_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([11, 18, 104, 9, 104, 174, 59, 33]);

/** What the instruction `increment` takes. */
export type IncrementInput = {
    counter: Address;
    authority: TransactionSigner;
    by: bigint;
};

/** Adds to the counter; fails if the sum is too large. */
export function getIncrementInstruction(
    input: IncrementInput,
    config: InstructionConfig,
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.counter, role: AccountRole.WRITABLE });
    accounts.push({ address: input.authority.address, role: AccountRole.READONLY_SIGNER, signer: input.authority });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(16);
    data.set(INCREMENT_INSTRUCTION_DISCRIMINATOR);
    getU64Codec().write(input.by, data, 8);
    return { programAddress, accounts, data };
}

/** the signer is not the authority of the counter */
export const ERROR_UNAUTHORIZED = 6000;

/** the counter has an authority already */
export const ERROR_ALREADY_SET = 6001;

/** The errors of the program by their codes. */
export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
    6000: { name: "Unauthorized", message: "the signer is not the authority of the counter" },
    6001: { name: "AlreadySet", message: "the counter has an authority already" },
};

/** True if a transaction failed with an error of the program, or with one of its codes. */
export function isErrorOfProgram(
    error: unknown,
    transactionMessage: Parameters<typeof isProgramError>[1],
    code: number | undefined,
    programAddress: Address,
): boolean {
    return isProgramError(error, transactionMessage, programAddress, code);
}

/** The data after the eight bytes that tell what they are. */
function dataAfter(name: string, discriminator: ReadonlyUint8Array, size: number, data: ReadonlyUint8Array) {
    if (data.length !== size) throw new Error(`${name} has ${size} bytes, not ${data.length}`);
    if (discriminator.some((byte, place) => data[place] !== byte)) throw new Error(`the data are no ${name}`);
    return data.subarray(discriminator.length);
}
