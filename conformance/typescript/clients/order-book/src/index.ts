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
    getAddressCodec,
    getArrayCodec,
    getBase64Encoder,
    getBooleanCodec,
    getI64Codec,
    getNullableCodec,
    getStructCodec,
    getU128Codec,
    getU16Codec,
    getU32Codec,
    getU64Codec,
    getU8Codec,
    isProgramError,
} from '@solana/kit';

/**
 * The program `order-book`.
 * Orders in accounts whose bytes a program in Rust can use where they lie: records that are aligned as C does it.
 */
export const ORDER_BOOK_PROGRAM_ADDRESS = '9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin' as Address<'9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin'>;

/** Where the program is, and what else an instruction is given. */
export type InstructionConfig = {
    /** The address of the program, if it is another one. */
    programAddress?: Address;
    /** Accounts after those that the instruction declares. */
    remainingAccounts?: readonly (AccountMeta | AccountSignerMeta)[];
};

/** What somebody wants to buy or sell. */
export type Order = {
    side: number;
    price: bigint;
    amount: number;
};

/** The layout of `Order`. */
export function getOrderCodec(): FixedSizeCodec<Order> {
    return getStructCodec([['side', fixCodecSize(getU8Codec(), 8)], ['price', getU64Codec()], ['amount', fixCodecSize(getU32Codec(), 8)]]);
}

/** What is known of a market; nothing else than accounts holds it. */
export type Level = {
    count: number;
    key: Address;
    price: bigint;
    steps: number[];
};

/** The layout of `Level`. */
export function getLevelCodec(): FixedSizeCodec<Level> {
    return getStructCodec([['count', getU16Codec()], ['key', fixCodecSize(getAddressCodec(), 38)], ['price', getI64Codec()], ['steps', fixCodecSize(getArrayCodec(getU32Codec(), { size: 3 }), 16)]]);
}

/** All orders. */
export type Book = {
    bump: number;
    authority: Address;
    sequence: bigint;
    orders: Order[];
    decimals: number;
};

/** The layout of `Book`, after its first eight bytes. */
export function getBookCodec(): FixedSizeCodec<Book> {
    return getStructCodec([['bump', getU8Codec()], ['authority', fixCodecSize(getAddressCodec(), 39)], ['sequence', getU64Codec()], ['orders', getArrayCodec(getOrderCodec(), { size: 3 })], ['decimals', fixCodecSize(getU16Codec(), 8)]]);
}

/** The first bytes of accounts of the type `Book`. */
export const BOOK_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([121, 34, 121, 35, 91, 62, 85, 222]);

/** The size of all of it in bytes. */
export const BOOK_SIZE = 136;

/** Reads the data; throws if they are something else. */
export function decodeBook(data: ReadonlyUint8Array): Book {
    return getBookCodec().decode(dataAfter('Book', BOOK_DISCRIMINATOR, BOOK_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeBook(value: Book): ReadonlyUint8Array {
    const data = new Uint8Array(BOOK_SIZE);
    data.set(BOOK_DISCRIMINATOR);
    getBookCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchBook(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Book> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeBook(account.data);
}

/** Types that C does not have lie in aligned records too. */
export type Note = {
    open: boolean;
    total: bigint;
    limit: bigint | null;
    last: Order;
    marks: number[];
};

/** The layout of `Note`, after its first eight bytes. */
export function getNoteCodec(): FixedSizeCodec<Note> {
    return getStructCodec([['open', fixCodecSize(getBooleanCodec(), 8)], ['total', getU128Codec()], ['limit', fixCodecSize(getNullableCodec(getU64Codec(), { noneValue: 'zeroes' }), 16)], ['last', getOrderCodec()], ['marks', fixCodecSize(getArrayCodec(getU16Codec(), { size: 3 }), 8)]]);
}

/** The first bytes of accounts of the type `Note`. */
export const NOTE_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([203, 75, 252, 196, 81, 210, 122, 126]);

/** The size of all of it in bytes. */
export const NOTE_SIZE = 80;

/** Reads the data; throws if they are something else. */
export function decodeNote(data: ReadonlyUint8Array): Note {
    return getNoteCodec().decode(dataAfter('Note', NOTE_DISCRIMINATOR, NOTE_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeNote(value: Note): ReadonlyUint8Array {
    const data = new Uint8Array(NOTE_SIZE);
    data.set(NOTE_DISCRIMINATOR);
    getNoteCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchNote(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Note> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeNote(account.data);
}

/** A packed account has no room between an aligned record and what follows. */
export type Slot = {
    number: number;
    order: Order;
    taken: boolean;
};

/** The layout of `Slot`, after its first eight bytes. */
export function getSlotCodec(): FixedSizeCodec<Slot> {
    return getStructCodec([['number', getU8Codec()], ['order', getOrderCodec()], ['taken', getBooleanCodec()]]);
}

/** The first bytes of accounts of the type `Slot`. */
export const SLOT_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([140, 54, 3, 187, 53, 189, 250, 230]);

/** The size of all of it in bytes. */
export const SLOT_SIZE = 34;

/** Reads the data; throws if they are something else. */
export function decodeSlot(data: ReadonlyUint8Array): Slot {
    return getSlotCodec().decode(dataAfter('Slot', SLOT_DISCRIMINATOR, SLOT_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeSlot(value: Slot): ReadonlyUint8Array {
    const data = new Uint8Array(SLOT_SIZE);
    data.set(SLOT_DISCRIMINATOR);
    getSlotCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchSlot(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Slot> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeSlot(account.data);
}

/** The account `Market`. */
export type Market = {
    kind: number;
    best: Level;
    levels: Level[];
};

/** The layout of `Market`, after its first eight bytes. */
export function getMarketCodec(): FixedSizeCodec<Market> {
    return getStructCodec([['kind', fixCodecSize(getU8Codec(), 8)], ['best', getLevelCodec()], ['levels', getArrayCodec(getLevelCodec(), { size: 2 })]]);
}

/** The first bytes of accounts of the type `Market`. */
export const MARKET_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([219, 190, 213, 55, 0, 227, 198, 154]);

/** The size of all of it in bytes. */
export const MARKET_SIZE = 208;

/** Reads the data; throws if they are something else. */
export function decodeMarket(data: ReadonlyUint8Array): Market {
    return getMarketCodec().decode(dataAfter('Market', MARKET_DISCRIMINATOR, MARKET_SIZE, data));
}

/** The data, as the program would write them. */
export function encodeMarket(value: Market): ReadonlyUint8Array {
    const data = new Uint8Array(MARKET_SIZE);
    data.set(MARKET_DISCRIMINATOR);
    getMarketCodec().write(value, data, 8);
    return data;
}

/** Reads an account from the chain; throws if it is not there or not one of the program's. */
export async function fetchMarket(
    rpc: Parameters<typeof fetchEncodedAccount>[0],
    address: Address,
    config: FetchAccountConfig & { programAddress?: Address } = {},
): Promise<Market> {
    const account = await fetchEncodedAccount(rpc, address, config);
    assertAccountExists(account);
    if (account.programAddress !== (config.programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS)) {
        throw new Error(`${address} belongs to the program ${account.programAddress}`);
    }
    return decodeMarket(account.data);
}

/** An order was placed. */
export type Placed = {
    place: number;
    order: Order;
    fee: number;
};

/** The layout of `Placed`, after its first eight bytes. */
export function getPlacedCodec(): FixedSizeCodec<Placed> {
    return getStructCodec([['place', fixCodecSize(getU8Codec(), 8)], ['order', getOrderCodec()], ['fee', fixCodecSize(getU16Codec(), 8)]]);
}

/** The first bytes of the event `Placed`. */
export const PLACED_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([182, 12, 15, 19, 155, 29, 175, 156]);

/** The size of all of it in bytes. */
export const PLACED_SIZE = 48;

/** Reads the data; throws if they are something else. */
export function decodePlaced(data: ReadonlyUint8Array): Placed {
    return getPlacedCodec().decode(dataAfter('Placed', PLACED_DISCRIMINATOR, PLACED_SIZE, data));
}

/** The data, as the program would write them. */
export function encodePlaced(value: Placed): ReadonlyUint8Array {
    const data = new Uint8Array(PLACED_SIZE);
    data.set(PLACED_DISCRIMINATOR);
    getPlacedCodec().write(value, data, 8);
    return data;
}

/** An event of the program. */
export type ProgramEvent =
    | { name: 'Placed'; data: Placed };

/**
 * The events in the log of a transaction. Another program can log the same bytes: what counts is whose
 * instruction wrote them.
 */
export function readEvents(logs: readonly string[]): ProgramEvent[] {
    const events: ProgramEvent[] = [];
    for (const line of logs) {
        if (!line.startsWith('Program data: ')) continue;
        const data = getBase64Encoder().encode(line.slice('Program data: '.length).split(' ')[0] ?? '');
        if (data.length === PLACED_SIZE && PLACED_DISCRIMINATOR.every((byte, place) => data[place] === byte)) {
            events.push({ name: 'Placed', data: decodePlaced(data) });
        }
    }
    return events;
}

/** The first bytes of the data of the instruction `place`. */
export const PLACE_INSTRUCTION_DISCRIMINATOR: ReadonlyUint8Array = new Uint8Array([143, 53, 56, 40, 41, 16, 5, 75]);

/** What the instruction `place` takes. */
export type PlaceInput = {
    book: Address;
    note: Address;
    slot: Address;
    authority: TransactionSigner;
    place: number;
    order: Order;
    fee: number;
};

/** Puts an order into the book. */
export function getPlaceInstruction(
    input: PlaceInput,
    config: InstructionConfig = {},
): Instruction & InstructionWithAccounts<readonly (AccountMeta | AccountSignerMeta)[]> & InstructionWithData<ReadonlyUint8Array> {
    const programAddress: Address = config.programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS;
    const accounts: (AccountMeta | AccountSignerMeta)[] = [];
    accounts.push({ address: input.book, role: AccountRole.WRITABLE });
    accounts.push({ address: input.note, role: AccountRole.WRITABLE });
    accounts.push({ address: input.slot, role: AccountRole.WRITABLE });
    accounts.push({ address: input.authority.address, role: AccountRole.READONLY_SIGNER, signer: input.authority });
    accounts.push(...(config.remainingAccounts ?? []));
    const data = new Uint8Array(35);
    data.set(PLACE_INSTRUCTION_DISCRIMINATOR);
    getU8Codec().write(input.place, data, 8);
    getOrderCodec().write(input.order, data, 9);
    getU16Codec().write(input.fee, data, 33);
    return { programAddress, accounts, data };
}

/** the signer does not own the book */
export const ERROR_NOT_AUTHORITY = 6000;

/** the book has three places */
export const ERROR_NO_PLACE = 6001;

/** The errors of the program by their codes. */
export const ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
    6000: { name: "NotAuthority", message: "the signer does not own the book" },
    6001: { name: "NoPlace", message: "the book has three places" },
};

/** True if a transaction failed with an error of the program, or with one of its codes. */
export function isErrorOfProgram(
    error: unknown,
    transactionMessage: Parameters<typeof isProgramError>[1],
    code?: number,
    programAddress?: Address,
): boolean {
    return isProgramError(error, transactionMessage, programAddress ?? ORDER_BOOK_PROGRAM_ADDRESS, code);
}

/** The data after the eight bytes that tell what they are. */
function dataAfter(name: string, discriminator: ReadonlyUint8Array, size: number, data: ReadonlyUint8Array) {
    if (data.length !== size) throw new Error(`${name} has ${size} bytes, not ${data.length}`);
    if (discriminator.some((byte, place) => data[place] !== byte)) throw new Error(`the data are no ${name}`);
    return data.subarray(discriminator.length);
}
