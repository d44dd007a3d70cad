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
    getStructCodec,
    getU64Codec,
    isProgramError,
} from '@solana/kit';

/**
 * The program `vault`.
 * A vault of lamports that its authority may withdraw. Anybody may deposit by a plain transfer.
 * Its address is not part of its source, so it is given to what needs it.
 */
export type InstructionConfig = {
    /** The address of the program. */
    programAddress: Address;
    /** Accounts after those that the instruction declares. */
    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];
};

/** The account `Vault`. */
export type Vault = {
    authority: Address;
    withdrawn: bigint;
};

/** The layout of `Vault`, after its first eight bytes. */
export function getVaultCodec(): FixedSizeCodec<Vault> {
    return getStructCodec([['authority', getAddressCodec()], ['withdrawn', getU64Codec()]]);
}

/** The first bytes of accounts of the type `Vault`. */
export const VAULT_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([211, 8, 232, 43, 2, 152, 117, 119]);

/** The size of all of it in bytes. */
export const VAULT_SIZE = 48;

/** Reads the data; throws if they are something else. */
export function decodeVault(data: ReadonlyUint8Array): Vault {
    return getVaultCodec().decode(dataAfter('Vault', VAULT_DISCRIMINATOR, VAULT_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeVault(value: Vault): ReadonlyUint8Array {
    const data = new Uint8Array(VAULT_SIZE);
    data.set(VAULT_DISCRIMINATOR);
    getVaultCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchVault(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress: Address },
): Promise<Vault> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeVault(account.data);
}

/** The first bytes of the data of the instruction `withdraw`. */
export const WITHDRAW_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([183, 18, 70, 156, 148, 109, 161, 34]);

/** What the instruction `withdraw` takes. */
export type WithdrawInput = {
    vault: Address;
    authority: TransactionSigner;
    amount: bigint;
};

/** The instruction `withdraw`. */
export function getWithdrawInstruction(
    input: WithdrawInput,
    config: InstructionConfig,
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.vault, role: AccountRole.WRITABLE });
    accounts.push({ address: input.authority.address, role: AccountRole.WRITABLE_SIGNER, signer: input.authority });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(16);
    data.set(WITHDRAW_INSTRUCTION_DISCRIMINATOR);
    getU64Codec().write(input.amount, data, 8);
    return { programAddress, accounts, data };
}

/** the signer is not the authority of the vault */
export const ERROR_UNAUTHORIZED = 6000;

/** the vault holds less than that */
export const ERROR_NOT_ENOUGH = 6001;

/** The errors of the program by their codes. */
export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
    6000: { name: "Unauthorized", message: "the signer is not the authority of the vault" },
    6001: { name: "NotEnough", message: "the vault holds less than that" },
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
