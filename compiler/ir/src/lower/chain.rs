//! The forms that talk to the runtime: calls of other programs, addresses made of seeds, sysvars, returned data, and
//! accounts that come and go.
//!
//! What the runtime reads (instructions, account infos, lists of seeds) is built in the place of the expression, in the C
//! layout of `sol_invoke_signed_c`. The runtime checks everything about it again; a call that it refuses ends the
//! transaction. Start with [`State::chain`].

use crate::Failure;
use crate::function::Value;
use crate::lower::account::{DATA, DATA_LEN, KEY, LAMPORTS, OWNER};
use crate::lower::function::Signatures;
use crate::lower::state::{State, Words};
use crate::lower::stored::Address;
use crate::op::{Access, CheckedOp, Condition, Op, Region, Width};
use ovsm_base::IntType;
use ovsm_base::syscall::Syscall;
use ovsm_expand::core::{Chain, Expr, ExprId, InvokedAccount, Opening};
use ovsm_infer::{BodyTypes, Type as SourceType};

/// `SolInstruction`: program, metas, their number, data, its length.
const INSTRUCTION: u32 = 40;
/// `SolAccountMeta`: key, writable, signer.
const META: u32 = 16;
/// `SolAccountInfo`: key, lamports, length, data, owner, rent epoch, flags.
const INFO: u32 = 56;
/// Address and length.
const SLICE: u32 = 16;
const KEY_SIZE: u32 = 32;
/// What the runtime hashes after seeds and program, to make an address.
const ADDRESS_MARK: &[u8] = b"ProgramDerivedAddress";

/// How many bytes the runtime's view of a form takes.
pub(crate) fn place_size(chain: &Chain, types: &BodyTypes) -> u32 {
    let size = |expr: &ExprId| types.type_of(*expr).size().unwrap_or(0).next_multiple_of(8);
    let sum = |sizes: &mut dyn Iterator<Item = u32>| sizes.fold(0u32, u32::saturating_add);
    let seeds = |seeds: &[ExprId]| sum(&mut seeds.iter().map(|seed| size(seed).saturating_add(SLICE)));
    match chain {
        Chain::Invoke { accounts, data, signers, .. } => {
            let parts = sum(&mut data.iter().map(size));
            let signers = sum(&mut signers.iter().map(|signer| seeds(signer).saturating_add(SLICE)));
            let fixed = INSTRUCTION + (META + INFO) * accounts.len() as u32 + KEY_SIZE;
            fixed.saturating_add(parts).saturating_add(signers)
        }
        // Seeds, the program, and the address; then the bump.
        Chain::Address(all, _) | Chain::FindAddress(all, _) => seeds(all).saturating_add(2 * KEY_SIZE + 8),
        Chain::IsAddress { seeds: all, .. } => seeds(all).saturating_add(2 * SLICE + 2 * KEY_SIZE),
        Chain::AddressOf(value) => size(value),
        Chain::Memory(_) | Chain::SetMemory(..) | Chain::BytesAt(..) | Chain::Field { .. } => 0,
        Chain::Sysvar(..) | Chain::ReturnedData(_) | Chain::SetReturnData(_) => 0,
        Chain::Initialize(..) | Chain::Close(..) | Chain::Resize(..) | Chain::ProgramKey => 0,
    }
}

/// True for what is the address of bytes and their number.
pub(crate) fn is_view(ty: &SourceType) -> bool {
    use SourceType::{Builder, Bytes, Slice, String, Vec};
    matches!(ty, String | Bytes | Builder | Slice(_) | Vec(_))
}

/// The data of an instruction.
enum Bytes {
    /// Their address and their number.
    There(Value, Value),
    /// What has to be put together.
    Parts(Vec<(SourceType, Words)>),
}

/// Takes places one after the other.
struct Places(Address);

impl Places {
    fn take(&mut self, size: u32) -> Address {
        let place = self.0;
        self.0 = self.0.after(size.next_multiple_of(8));
        place
    }
}

impl State<'_> {
    pub(crate) fn chain(&mut self, chain: &Chain, expr: ExprId, signatures: &dyn Signatures) -> Words {
        match chain {
            Chain::Invoke { program, accounts, data, signers } => {
                let Some(place) = self.place_of(expr) else { return Words::new() };
                self.invoke(*program, accounts, data, signers, Places(place), signatures);
                Words::new()
            }
            Chain::Address(seeds, program) => self.made_address(seeds, *program, None, expr, signatures),
            Chain::FindAddress(seeds, program) => {
                self.made_address(seeds, *program, Some(KEY_SIZE), expr, signatures)
            }
            Chain::IsAddress { key, seeds, program } => {
                self.is_address(*key, seeds, *program, expr, signatures)
            }
            Chain::Sysvar(key, offset) => self.sysvar(key, *offset, expr),
            Chain::ReturnedData(program) => self.returned_data(*program, expr, signatures),
            Chain::SetReturnData(value) => {
                self.set_return_data(*value, expr, signatures);
                Words::new()
            }
            Chain::Initialize(account, opening) => self.initialize(*account, opening, signatures),
            Chain::Close(account, destination) => {
                let account = self.account(*account, signatures);
                let destination = self.account(*destination, signatures);
                self.close(account, destination);
                Words::new()
            }
            Chain::Resize(account, length) => {
                let account = self.account(*account, signatures);
                if let Some(length) = self.value(*length, signatures).first() {
                    self.resize(account, *length);
                }
                Words::new()
            }
            Chain::ProgramKey => {
                let program = self.program_id();
                (0..4).map(|word| self.load(Width::W8, Region::InputMeta, program, 8 * word)).collect()
            }
            Chain::Memory(address) => {
                let ty = self.raw_ty(expr);
                let Some(from) = self.given_address(*address, signatures) else { return Words::new() };
                match self.place_of(expr).filter(|_| ty.is_by_address()) {
                    // A value does not change when what lies at the address does.
                    Some(place) => {
                        self.copy_value(&ty, from, place);
                        Words::from_elem(self.pointer(place), 1)
                    }
                    None => self.load_value(&ty, from),
                }
            }
            Chain::SetMemory(address, value) => {
                let to = self.given_address(*address, signatures);
                let ty = self.ty(*value);
                let value = self.value(*value, signatures);
                if let Some(to) = to {
                    self.store_value(&ty, &value, to);
                }
                Words::new()
            }
            Chain::AddressOf(value) => {
                let ty = self.ty(*value);
                let value = self.value(*value, signatures);
                let Some(place) = self.place_of(expr) else { return Words::new() };
                // Others read it by its address, so nothing is known of who does.
                let place = Address { region: Region::Any, ..place };
                self.store_value(&ty, &value, place);
                Words::from_elem(self.pointer(place), 1)
            }
            Chain::BytesAt(address, length) => {
                let mut view = self.value(*address, signatures);
                view.extend(self.value(*length, signatures));
                view
            }
            Chain::Field { record, address, field, value } => {
                let Some(whole) = self.given_address(*address, signatures) else { return Words::new() };
                self.field_at(record, whole, field, *value, signatures)
            }
        }
    }

    /// An address that the program computed.
    fn given_address(&mut self, address: ExprId, signatures: &dyn Signatures) -> Option<Address> {
        let base = self.value(address, signatures).first().copied()?;
        Some(Address { base, offset: 0, region: Region::Any })
    }

    fn field_at(
        &mut self,
        record: &SourceType,
        whole: Address,
        name: &str,
        value: Option<ExprId>,
        signatures: &dyn Signatures,
    ) -> Words {
        let SourceType::Record(record) = record else { return Words::new() };
        let Some((number, offset)) = record.field(name) else { return Words::new() };
        let Some(field) = record.fields.get(number) else { return Words::new() };
        let at = whole.after(offset);
        match (&field.ty, value) {
            (SourceType::Int(ty), Some(value)) => {
                let from = self.int_type(value);
                let words = self.value(value, signatures);
                let words = self.convert(&words, from, *ty, true);
                self.store_value(&field.ty, &words, at);
                Words::new()
            }
            (_, Some(value)) => {
                self.discard(value, signatures);
                Words::new()
            }
            (SourceType::Int(ty), None) if ty.bits() <= 64 => self.load_value(&field.ty, at),
            _ => Words::from_elem(self.pointer(at), 1),
        }
    }

    /// What an account grows by is zero, also if it was longer before in the same instruction.
    fn resize(&mut self, account: Value, length: Value) {
        let before = self.load(Width::W8, Region::InputMeta, account, DATA_LEN);
        self.store_meta(account, DATA_LEN, length);
        let grows = self.compare(Condition::UnsignedGreater, length, before);
        self.choose(
            grows,
            |state| {
                let data = state.binary_const(crate::op::BinaryOp::Add, account, DATA);
                let end = state.binary(crate::op::BinaryOp::Add, data, before);
                let more = state.binary(crate::op::BinaryOp::Sub, length, before);
                let zero = state.constant(0);
                state.call_runtime("sol_memset_", &[end, zero, more]);
                Words::new()
            },
            |_| Words::new(),
        );
    }

    fn store_meta(&mut self, account: Value, offset: i32, word: Value) {
        let access = Access { width: Width::W8, region: Region::InputMeta, address: account, offset };
        self.emit(Op::Store(access, word), &[]);
    }

    /// The address of 32 bytes: those of an account's key, of a constant, or of a value that is stored at `place`.
    fn key_address(&mut self, key: ExprId, place: Address, signatures: &dyn Signatures) -> Value {
        if let Some(Expr::Pubkey(bytes)) = self.body.exprs.get(key) {
            return self.bytes(bytes);
        }
        match self.ty(key) {
            SourceType::Pubkey => {
                let words = self.value(key, signatures);
                self.store_value(&SourceType::Pubkey, &words, place);
                self.pointer(place)
            }
            _ => {
                let account = self.account(key, signatures);
                self.pointer(Address { base: account, offset: KEY as u32, region: Region::InputMeta })
            }
        }
    }

    fn invoke(
        &mut self,
        program: ExprId,
        accounts: &[InvokedAccount],
        data: &[ExprId],
        signers: &[Vec<ExprId>],
        mut places: Places,
        signatures: &dyn Signatures,
    ) {
        let instruction = places.take(INSTRUCTION);
        let metas = places.take(META * accounts.len() as u32);
        let infos = places.take(INFO * accounts.len() as u32);
        let program_place = places.take(KEY_SIZE);
        let program = self.key_address(program, program_place, signatures);
        // Each account needs one info only.
        let mut known: Vec<Value> = Vec::new();
        for (number, account) in accounts.iter().enumerate() {
            let address = self.account(account.account, signatures);
            let key = self.binary_const(crate::op::BinaryOp::Add, address, KEY);
            let meta = metas.after(META * number as u32);
            self.store_word(meta, Width::W8, key);
            let flags = u64::from(account.is_writable) | u64::from(account.is_signer) << 8;
            self.store_constant(meta.after(8), flags);
            if !known.contains(&address) {
                self.account_info(infos.after(INFO * known.len() as u32), address, key);
                known.push(address);
            }
        }
        let data = self.call_data(data, &mut places, signatures);
        let (signers_at, signer_count) = self.signers(signers, &mut places, signatures);
        let (data, length) = match data {
            Bytes::There(address, length) => (address, length),
            Bytes::Parts(parts) => self.joined_bytes(&parts),
        };
        for (offset, word) in [(0, program), (24, data), (32, length)] {
            self.store_word(instruction.after(offset), Width::W8, word);
        }
        let (metas, infos) = (self.pointer(metas), self.pointer(infos));
        self.store_word(instruction.after(8), Width::W8, metas);
        self.store_constant(instruction.after(16), accounts.len() as u64);
        let instruction = self.pointer(instruction);
        let count = self.constant(known.len() as u64);
        self.call_runtime("sol_invoke_signed_c", &[instruction, infos, count, signers_at, signer_count]);
    }

    fn store_constant(&mut self, address: Address, word: u64) {
        let word = self.constant(word);
        self.store_word(address, Width::W8, word);
    }

    fn call_runtime(&mut self, name: &str, args: &[Value]) -> Value {
        match Syscall::from_name(name) {
            Some(syscall) => self.syscall(syscall, args),
            None => self.constant(0),
        }
    }

    /// What the runtime asks about an account. It looks at no flags, but they have to be truths.
    fn account_info(&mut self, place: Address, account: Value, key: Value) {
        use crate::op::BinaryOp::Add;
        let lamports = self.binary_const(Add, account, LAMPORTS as u64);
        let length = self.load(Width::W8, Region::InputMeta, account, DATA_LEN);
        let data = self.binary_const(Add, account, DATA);
        let owner = self.binary_const(Add, account, OWNER);
        for (offset, word) in [(0, key), (8, lamports), (16, length), (24, data), (32, owner)] {
            self.store_word(place.after(offset), Width::W8, word);
        }
        self.store_constant(place.after(48), 0);
    }

    /// The bytes of values, one after the other, and how many they are. Values of a known size are stored as they come,
    /// which keeps few of them in registers; of others, only the values are there: see [`State::joined_bytes`].
    fn call_data(&mut self, data: &[ExprId], places: &mut Places, signatures: &dyn Signatures) -> Bytes {
        let is_viewed = data.iter().any(|part| is_view(&self.ty(*part)));
        if let ([only], true) = (data, is_viewed) {
            let (ty, value) = (self.ty(*only), self.value(*only, signatures));
            return match self.view_of(&ty, &value) {
                Some((address, length)) => Bytes::There(address, length),
                None => Bytes::Parts(Vec::new()),
            };
        }
        if is_viewed {
            let parts = data.iter().map(|part| (self.ty(*part), self.operand(*part, signatures)));
            return Bytes::Parts(parts.collect());
        }
        let sizes: Vec<u32> = data.iter().map(|part| self.ty(*part).size().unwrap_or(0)).collect();
        let all = sizes.iter().copied().fold(0u32, u32::saturating_add);
        let place = places.take(all);
        let mut at = place;
        for (part, size) in data.iter().zip(sizes) {
            let ty = self.ty(*part);
            let value = self.value(*part, signatures);
            self.store_value(&ty, &value, at);
            at = at.after(size);
        }
        Bytes::There(self.pointer(place), self.constant(u64::from(all)))
    }

    /// Puts parts together where the heap is not used yet. Nothing that may use the heap comes between this and who
    /// reads the bytes.
    fn joined_bytes(&mut self, parts: &[(SourceType, Words)]) -> (Value, Value) {
        let views: Vec<Option<(Value, Value)>> =
            parts.iter().map(|(ty, value)| self.view_of(ty, value)).collect();
        let known = parts.iter().zip(&views).filter(|(_, view)| view.is_none());
        let known = known.fold(0u32, |sum, ((ty, _), _)| sum.saturating_add(ty.size().unwrap_or(0)));
        let mut all = self.constant(u64::from(known));
        for (_, length) in views.iter().flatten() {
            // A view that memory can not hold would be read beyond its end, so that no sum overflows.
            all = self.binary(crate::op::BinaryOp::Add, all, *length);
        }
        let start = self.free_heap(all);
        let mut at = Address { base: start, offset: 0, region: Region::View };
        for ((ty, value), view) in parts.iter().zip(views) {
            match view {
                Some((address, length)) => {
                    let to = self.pointer(at);
                    self.call_runtime("sol_memcpy_", &[to, address, length]);
                    at.base = self.binary(crate::op::BinaryOp::Add, to, length);
                    at.offset = 0;
                }
                None => {
                    self.store_value(ty, value, at);
                    at = at.after(ty.size().unwrap_or(0));
                }
            }
        }
        (start, all)
    }

    /// Address and length of bytes that lie somewhere already.
    fn view_of(&mut self, ty: &SourceType, value: &Words) -> Option<(Value, Value)> {
        let [address, length, ..] = value.as_slice() else { return None };
        let size = match ty {
            SourceType::String | SourceType::Bytes | SourceType::Builder => 1,
            SourceType::Slice(item) | SourceType::Vec(item) => item.size().unwrap_or(1),
            _ => return None,
        };
        let bytes = match size {
            1 => *length,
            size => self.binary_const(crate::op::BinaryOp::Mul, *length, u64::from(size)),
        };
        Some((*address, bytes))
    }

    fn signers(
        &mut self,
        signers: &[Vec<ExprId>],
        places: &mut Places,
        signatures: &dyn Signatures,
    ) -> (Value, Value) {
        if signers.is_empty() {
            let none = self.constant(0);
            return (none, none);
        }
        let list = places.take(SLICE * signers.len() as u32);
        for (number, seeds) in signers.iter().enumerate() {
            let own = places.take(SLICE * seeds.len() as u32);
            self.seeds(seeds, own, places, signatures);
            let address = self.pointer(own);
            let entry = list.after(SLICE * number as u32);
            self.store_word(entry, Width::W8, address);
            self.store_constant(entry.after(8), seeds.len() as u64);
        }
        (self.pointer(list), self.constant(signers.len() as u64))
    }

    fn seed_view(
        &mut self,
        ty: &SourceType,
        seed: ExprId,
        signatures: &dyn Signatures,
    ) -> Option<(Value, Value)> {
        if !is_view(ty) {
            return None;
        }
        let value = self.value(seed, signatures);
        self.view_of(ty, &value)
    }

    /// Writes a list of seeds; their bytes go to `places` unless they lie somewhere already.
    fn seeds(&mut self, seeds: &[ExprId], list: Address, places: &mut Places, signatures: &dyn Signatures) {
        for (number, seed) in seeds.iter().enumerate() {
            let ty = self.ty(*seed);
            let size = ty.size().unwrap_or(0);
            let (address, length) = match ty {
                SourceType::Account(_) | SourceType::Pubkey => {
                    let place = places.take(size);
                    (self.key_address(*seed, place, signatures), self.constant(u64::from(KEY_SIZE)))
                }
                _ => match self.seed_view(&ty, *seed, signatures) {
                    Some(view) => view,
                    None => {
                        let place = places.take(size);
                        let value = self.value(*seed, signatures);
                        self.store_value(&ty, &value, place);
                        (self.pointer(place), self.constant(u64::from(size)))
                    }
                },
            };
            self.store_slice(list.after(SLICE * number as u32), address, length);
        }
    }

    fn store_slice(&mut self, place: Address, address: Value, length: Value) {
        self.store_word(place, Width::W8, address);
        self.store_word(place.after(8), Width::W8, length);
    }

    fn program_address(
        &mut self,
        program: Option<ExprId>,
        place: Address,
        signatures: &dyn Signatures,
    ) -> Value {
        match program {
            Some(program) => self.key_address(program, place, signatures),
            None => self.program_id(),
        }
    }

    /// An address of the runtime's making; with a place for the bump, it is searched for.
    fn made_address(
        &mut self,
        seeds: &[ExprId],
        program: Option<ExprId>,
        bump: Option<u32>,
        expr: ExprId,
        signatures: &dyn Signatures,
    ) -> Words {
        let Some(place) = self.place_of(expr) else { return Words::new() };
        let mut places = Places(place);
        let result = places.take(KEY_SIZE + 8);
        let program_place = places.take(KEY_SIZE);
        let list = places.take(SLICE * seeds.len() as u32);
        self.seeds(seeds, list, &mut places, signatures);
        let program = self.program_address(program, program_place, signatures);
        let (seeds_at, count) = (self.pointer(list), self.constant(seeds.len() as u64));
        let result_at = self.pointer(result);
        let failed = match bump {
            None => self.call_runtime("sol_create_program_address", &[seeds_at, count, program, result_at]),
            Some(bump) => {
                let bump = self.pointer(result.after(bump));
                self.call_runtime(
                    "sol_try_find_program_address",
                    &[seeds_at, count, program, result_at, bump],
                )
            }
        };
        let failed = self.compare_const(Condition::NotEqual, failed, 0);
        self.fail_if(failed, Failure::Seeds);
        let ty = self.raw_ty(expr);
        self.load_value(&ty, result)
    }

    fn is_address(
        &mut self,
        key: ExprId,
        seeds: &[ExprId],
        program: Option<ExprId>,
        expr: ExprId,
        signatures: &dyn Signatures,
    ) -> Words {
        let Some(place) = self.place_of(expr) else { return Words::new() };
        let own: Words = match self.ty(key) {
            SourceType::Pubkey => self.value(key, signatures),
            _ => {
                let account = self.account(key, signatures);
                (0..4)
                    .map(|word| self.load(Width::W8, Region::InputMeta, account, KEY as i32 + 8 * word))
                    .collect()
            }
        };
        let mut places = Places(place);
        let result = places.take(KEY_SIZE);
        let program_place = places.take(KEY_SIZE);
        let count = seeds.len() as u32;
        let list = places.take(SLICE * (count + 2));
        self.seeds(seeds, list, &mut places, signatures);
        let program = self.program_address(program, program_place, signatures);
        let length = self.constant(u64::from(KEY_SIZE));
        self.store_slice(list.after(SLICE * count), program, length);
        let mark = self.bytes(ADDRESS_MARK);
        let length = self.constant(ADDRESS_MARK.len() as u64);
        self.store_slice(list.after(SLICE * (count + 1)), mark, length);
        let (list, count) = (self.pointer(list), self.constant(u64::from(count + 2)));
        let result_at = self.pointer(result);
        self.call_runtime("sol_sha256", &[list, count, result_at]);
        let hash = self.load_value(&SourceType::Pubkey, result);
        Words::from_elem(self.equal(&SourceType::Pubkey, &own, &hash), 1)
    }

    fn sysvar(&mut self, key: &[u8; 32], offset: u32, expr: ExprId) -> Words {
        let Some(place) = self.place_of(expr) else { return Words::new() };
        let ty = self.raw_ty(expr);
        let key = self.bytes(key);
        let to = self.pointer(place);
        let (offset, size) =
            (self.constant(u64::from(offset)), self.constant(u64::from(ty.size().unwrap_or(0))));
        let failed = self.call_runtime("sol_get_sysvar", &[key, to, offset, size]);
        let failed = self.compare_const(Condition::NotEqual, failed, 0);
        self.fail_if(failed, Failure::ReturnedData);
        self.check_bytes(&ty, place, Failure::ReturnedData);
        self.load_value(&ty, place)
    }

    fn returned_data(&mut self, program: ExprId, expr: ExprId, signatures: &dyn Signatures) -> Words {
        let Some(place) = self.place_of(expr) else { return Words::new() };
        let ty = self.raw_ty(expr);
        let size = ty.size().unwrap_or(0);
        let mut places = Places(place);
        let data = places.take(size);
        let (returner, wanted_place) = (places.take(KEY_SIZE), places.take(KEY_SIZE));
        let wanted = self.key_address(program, wanted_place, signatures);
        let (to, returner_at) = (self.pointer(data), self.pointer(returner));
        let length = self.constant(u64::from(size));
        let found = self.call_runtime("sol_get_return_data", &[to, length, returner_at]);
        let differs = self.compare_const(Condition::NotEqual, found, u64::from(size));
        self.fail_if(differs, Failure::ReturnedData);
        let wanted = self.load_value(&SourceType::Pubkey, self.behind(wanted));
        let returner = self.load_value(&SourceType::Pubkey, returner);
        let same = self.equal(&SourceType::Pubkey, &wanted, &returner);
        let differs = self.not(same);
        self.fail_if(differs, Failure::ReturnedData);
        self.check_bytes(&ty, data, Failure::ReturnedData);
        if ty.is_by_address() {
            self.clear_padding(&ty, data);
        }
        self.load_value(&ty, data)
    }

    fn set_return_data(&mut self, value: ExprId, expr: ExprId, signatures: &dyn Signatures) {
        let Some(place) = self.place_of(expr) else { return };
        let data = self.call_data(&[value], &mut Places(place), signatures);
        if let Bytes::There(address, length) = data {
            self.call_runtime("sol_set_return_data", &[address, length]);
        }
    }

    /// A new account becomes one of a type.
    fn initialize(&mut self, account: ExprId, opening: &Opening, signatures: &dyn Signatures) -> Words {
        let account = self.account(account, signatures);
        let SourceType::Account(ty) = &opening.ty else { return Words::new() };
        let Some(wanted) = ty.least_length() else { return Words::from_elem(account, 1) };
        let length = self.load(Width::W8, Region::InputMeta, account, DATA_LEN);
        let differs = self.compare_const(Condition::NotEqual, length, u64::from(wanted));
        self.fail_if(differs, Failure::AccountData);
        let Some(discriminator) = opening.discriminator else { return Words::from_elem(account, 1) };
        let first = self.load(Width::W8, Region::View, account, DATA as i32);
        let is_taken = self.compare_const(Condition::NotEqual, first, 0);
        self.fail_if(is_taken, Failure::AlreadyInitialized);
        let word = self.constant(discriminator);
        let access = Access { width: Width::W8, region: Region::View, address: account, offset: DATA as i32 };
        self.emit(Op::Store(access, word), &[]);
        Words::from_elem(account, 1)
    }

    /// Nothing stays: no lamports, no data, and the owner is the system program. An account that gets lamports again before
    /// the transaction ends is an empty one.
    fn close(&mut self, account: Value, destination: Value) {
        let lamports = self.load(Width::W8, Region::Lamports, account, LAMPORTS);
        let before = self.load(Width::W8, Region::Lamports, destination, LAMPORTS);
        let after = self.word(Op::Checked(CheckedOp::Add, IntType::U64, before, lamports));
        let zero = self.constant(0);
        let store = |state: &mut Self, address: Value, word: Value| {
            let access = Access { width: Width::W8, region: Region::Lamports, address, offset: LAMPORTS };
            state.emit(Op::Store(access, word), &[]);
        };
        store(self, destination, after);
        store(self, account, zero);
        self.store_meta(account, DATA_LEN, zero);
        for word in 0..4 {
            self.store_meta(account, OWNER as i32 + 8 * word, zero);
        }
    }
}
