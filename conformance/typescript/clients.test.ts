// The generated TypeScript clients: what they write is what the programs read. The vectors are those of the Rust clients,
// whose instructions run in Solana's own runtime (`conformance/onchain`).

import {
    AccountRole,
    type Address,
    createNoopSigner,
    getAddressDecoder,
    type Instruction,
    type ReadonlyUint8Array,
    SolanaError,
    SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM,
} from '@solana/kit';
import { getValidationItemsVisitor } from '@codama/validators';
import { createFromJson } from 'codama';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as counter from './clients/counter/src/index.js';
import * as book from './clients/order-book/src/index.js';
import * as registry from './clients/registry/src/index.js';
import * as vault from './clients/vault/src/index.js';

const folder = process.env['OVSM_INTERFACE'] ?? assert.fail('run this test with `conformance/typescript/run`');
const vectors: Record<string, string> = JSON.parse(readFileSync(join(folder, 'vectors.json'), 'utf8'));

const key = (byte: number): Address => getAddressDecoder().decode(new Uint8Array(32).fill(byte));
const hex = (bytes: ReadonlyUint8Array): string => Buffer.from(bytes as Uint8Array).toString('hex');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const programAddress = key(7);

/** The accounts of an instruction as the vectors have them. */
function accounts(instruction: Instruction): string {
    const signs = (role: AccountRole) => role === AccountRole.READONLY_SIGNER || role === AccountRole.WRITABLE_SIGNER;
    const writes = (role: AccountRole) => role === AccountRole.WRITABLE || role === AccountRole.WRITABLE_SIGNER;
    const metas = instruction.accounts ?? [];
    return metas.map((meta) => `${meta.address} ${signs(meta.role)} ${writes(meta.role)}`).join(', ');
}

const entry: registry.Entry = {
    owner: key(1),
    visibility: registry.Visibility.Public,
    target: { __kind: 'Key', key: key(4) },
    parent: key(5),
    limit: null,
    places: [
        { x: -2, y: 70_000 },
        { x: 3, y: -4 },
    ],
    label: bytes('0123456789abcdef'),
    isOpen: false,
    balance: (1n << 128n) - 2n,
    bump: 254,
};

const changeInput: registry.ChangeInput = {
    entry: key(3),
    owner: createNoopSigner(key(1)),
    target: { __kind: 'Sum', amount: 77n, place: { x: -1, y: -(2 ** 31) } },
    limit: 9n,
    label: bytes('fedcba9876543210'),
    isOpen: true,
    balance: 1n << 100n,
};

test('accounts and events have the bytes of the program', () => {
    assert.equal(hex(registry.encodeEntry(entry)), vectors['registry.Entry']);
    assert.deepEqual(registry.decodeEntry(registry.encodeEntry(entry)), entry);
    const counted = { authority: key(1), count: (1n << 64n) - 1n };
    assert.equal(hex(counter.encodeCounter(counted)), vectors['counter.Counter']);
    assert.equal(hex(counter.encodeIncremented({ by: 1n, count: 2n })), vectors['counter.Incremented']);
    assert.equal(registry.ENTRY_SIZE, registry.encodeEntry(entry).length);
});

test('aligned records have the bytes of the program', () => {
    const order = { side: 1, price: 1n << 40n, amount: 70_000 };
    const old = { side: 0, price: 3n, amount: 4 };
    const full = { bump: 254, authority: key(1), sequence: 9n, orders: [old, order, old], decimals: 6 };
    assert.equal(hex(book.encodeBook(full)), vectors['order-book.Book']);
    assert.deepEqual(book.decodeBook(book.encodeBook(full)), full);
    const last = { side: 0, price: 5n, amount: 6 };
    const note = { open: true, total: (1n << 128n) - 70_001n, limit: null, last, marks: [1, 2, 3] };
    assert.equal(hex(book.encodeNote(note)), vectors['order-book.Note']);
    // What others have written between the fields is no part of a value.
    const data = Uint8Array.from(book.encodeNote(note));
    data[8 + 1] = 0xff;
    assert.deepEqual(book.decodeNote(data), note);
    const place = book.getPlaceInstruction({
        book: key(3),
        note: key(3),
        slot: key(3),
        authority: createNoopSigner(key(1)),
        place: 2,
        order,
        fee: 30,
    });
    assert.equal(hex(place.data), vectors['order-book.place.data']);
});

test('data of something else are refused', () => {
    const data = Uint8Array.from(registry.encodeEntry(entry));
    assert.throws(() => registry.decodeEntry(data.subarray(1)), /162 bytes/);
    data[0] = (data[0] ?? 0) ^ 1;
    assert.throws(() => registry.decodeEntry(data), /no Entry/);
    assert.throws(() => vault.decodeVault(new Uint8Array(48)), /no Vault/);
    assert.throws(() => registry.encodeEntry({ ...entry, label: bytes('short') }), RangeError);
});

test('instructions have the bytes and the accounts of the program', async () => {
    const change = registry.getChangeInstruction(changeInput);
    assert.equal(hex(change.data), vectors['registry.change.data']);
    assert.equal(accounts(change), vectors['registry.change.accounts']);
    assert.equal(change.programAddress, registry.NAME_REGISTRY_PROGRAM_ADDRESS);
    const rename = await registry.getRenameInstruction({
        owner: createNoopSigner(key(1)),
        child: key(3),
        fresh: createNoopSigner(key(6)),
        closed: key(8),
        number: 258,
        place: { x: 1, y: 2 },
    });
    assert.equal(hex(rename.data), vectors['registry.rename.data']);
    assert.equal(accounts(rename), vectors['registry.rename.accounts']);
    const increment = counter.getIncrementInstruction(
        { counter: key(3), authority: createNoopSigner(key(1)), by: 300n },
        { programAddress },
    );
    assert.equal(hex(increment.data), vectors['counter.increment.data']);
    assert.equal(accounts(increment), vectors['counter.increment.accounts']);
});

test('derived addresses can be asked for and replaced', async () => {
    const [address, bump] = await registry.findEntryAddress({ owner: key(1), number: 258 });
    assert.ok(vectors['registry.rename.accounts']?.startsWith(`${address} false true`));
    assert.ok(bump <= 255);
    const other = await registry.findEntryAddress({ owner: key(1), number: 259 });
    assert.notEqual(other[0], address);
    const given = await registry.getRenameInstruction({
        entry: key(9),
        owner: createNoopSigner(key(1)),
        child: key(3),
        fresh: createNoopSigner(key(6)),
        closed: key(8),
        number: 258,
        place: { x: 1, y: 2 },
    });
    assert.equal(given.accounts[0]?.address, key(9));
});

test('more accounts may follow', () => {
    const more = { address: key(8), role: AccountRole.READONLY };
    const change = registry.getChangeInstruction(changeInput, { remainingAccounts: [more] });
    assert.deepEqual(change.accounts.at(-1), more);
});

test('events are found in logs', () => {
    const event: registry.EntryChanged = { entry: key(3), target: { __kind: 'Nothing' }, limit: 4n };
    const data = Buffer.from(registry.encodeEntryChanged(event) as Uint8Array).toString('base64');
    const logs = ['Program log: hello', `Program data: ${data}`, 'Program data: AAAA', 'Program data: '];
    assert.deepEqual(registry.readEvents(logs), [{ name: 'EntryChanged', data: event }]);
});

test('errors are known by their codes', () => {
    assert.equal(registry.ERROR_CLOSED, 6001);
    assert.deepEqual(registry.ERRORS[6001], { name: 'Closed', message: 'the entry is "closed"' });
    assert.equal(vault.ERRORS[6001]?.message, 'the vault holds less than that');
    const error = new SolanaError(SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM, { code: 6000, index: 0 });
    const message = { instructions: [{ programAddress }] };
    assert.ok(counter.isErrorOfProgram(error, message, counter.ERROR_UNAUTHORIZED, programAddress));
    assert.ok(!counter.isErrorOfProgram(error, message, counter.ERROR_ALREADY_SET, programAddress));
    assert.ok(!registry.isErrorOfProgram(error, message));
});

test('the Codama descriptions are valid', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.codama.json'));
    assert.ok(names.length >= 3);
    for (const name of names) {
        const codama = createFromJson(readFileSync(join(folder, name), 'utf8'));
        const items = codama.accept(getValidationItemsVisitor());
        const faults = items.filter((item) => ['error', 'warn'].includes(item.level));
        assert.deepEqual(faults.map((item) => item.message), [], name);
    }
});
