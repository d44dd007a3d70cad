//! Runs a case as a program that was deployed the way people do it: a buffer is made, the file is written to it in pieces, the
//! upgradeable loader (version 3) deploys it, and upgrades put other files in its place.
//!
//! Everything is a transaction on a whole bank, with every feature on. Start with [`Deployment::new`].

use crate::bank::observe;
use crate::case::{Case, Observed, PROGRAM, payer};
use crate::lite::describe;
use ovsm_sbpf::Version;
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_loader_v3_interface::instruction as loader;
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// So many bytes of the file fit into a transaction beside the rest of it.
const CHUNK: usize = 900;

/// The program may grow to so many bytes.
const MAX_PROGRAM: usize = 64 * 1024;

/// A bank with a deployed program.
pub struct Deployment {
    context: ProgramTestContext,
    program: Keypair,
    authority: Keypair,
    /// How many buffers there were.
    buffers: u8,
}

impl Deployment {
    /// A bank on which the first file is deployed. The accounts are those of the cases that will run. Programs of version 0
    /// run everywhere, and clusters with every feature take no new ones: the feature that says so is off for them.
    ///
    /// # Panics
    /// If the bank or the loader refuses something.
    pub async fn new(accounts: Vec<(Pubkey, Account)>, elf: &[u8], version: Version) -> Deployment {
        let takes_old = version == Version::V0;
        let (deployment, deployed) = Deployment::attempt(accounts, elf, takes_old).await;
        deployed.expect("the program is deployed");
        deployment
    }

    /// The same with every feature on, or without the one that refuses old versions; and what the loader says.
    ///
    /// # Panics
    /// If the bank refuses something before.
    pub async fn attempt(
        accounts: Vec<(Pubkey, Account)>,
        elf: &[u8],
        takes_old: bool,
    ) -> (Deployment, Result<(), String>) {
        let program = Keypair::new_from_array([201; 32]);
        let mut test = ProgramTest::default();
        test.prefer_bpf(true);
        if takes_old {
            test.deactivate_feature(agave_feature_set::disable_sbpf_v0_v1_v2_deployment::id());
        }
        let lamports = 1_000_000_000_000;
        test.add_account(payer().pubkey(), Account { lamports, ..Account::default() });
        for (key, account) in accounts {
            let owner = if account.owner == PROGRAM { program.pubkey() } else { account.owner };
            test.add_account(key, Account { owner, ..account });
        }
        let context = test.start_with_context().await;
        let authority = Keypair::new_from_array([202; 32]);
        let mut deployment = Deployment { context, program, authority, buffers: 0 };
        let buffer = deployment.write(elf).await;
        let (program, authority) = (deployment.program.pubkey(), deployment.authority.pubkey());
        let rent = deployment.rent(UpgradeableLoaderState::size_of_program()).await;
        let instructions = loader::deploy_with_max_program_len(
            &payer().pubkey(),
            &program,
            &buffer,
            &authority,
            rent,
            MAX_PROGRAM,
        )
        .expect("the deployment is encoded");
        let keys = [payer(), deployment.program.insecure_clone(), deployment.authority.insecure_clone()];
        let deployed = deployment.send(&instructions, &keys).await;
        deployment.next_slot().await;
        (deployment, deployed)
    }

    /// Puts another file in the place of the program.
    ///
    /// # Panics
    /// If the bank or the loader refuses something.
    pub async fn upgrade(&mut self, elf: &[u8]) {
        let buffer = self.write(elf).await;
        let (program, authority) = (self.program.pubkey(), self.authority.pubkey());
        let upgrade = loader::upgrade(&program, &buffer, &authority, &payer().pubkey());
        let keys = [payer(), self.authority.insecure_clone()];
        self.send(&[upgrade], &keys).await.expect("the program is upgraded");
        self.next_slot().await;
    }

    /// What the loader says to an upgrade to a file.
    ///
    /// # Panics
    /// If the bank refuses something before.
    pub async fn refusal(&mut self, elf: &[u8], authority: &Keypair) -> Option<String> {
        let buffer = self.write(elf).await;
        let program = self.program.pubkey();
        let upgrade = loader::upgrade(&program, &buffer, &authority.pubkey(), &payer().pubkey());
        self.send(&[upgrade], &[payer(), authority.insecure_clone()]).await.err()
    }

    /// Runs a case.
    ///
    /// # Panics
    /// If the bank does not answer.
    pub async fn run(&mut self, case: &Case) -> Observed {
        let blockhash = self.context.get_new_latest_blockhash().await.expect("there is a new blockhash");
        let program_id = self.program.pubkey();
        let mut instruction = Instruction { program_id, ..case.instruction() };
        for meta in &mut instruction.accounts {
            if meta.pubkey == PROGRAM {
                meta.pubkey = program_id;
            }
        }
        let signers = case.signers();
        let signers: Vec<&Keypair> = signers.iter().collect();
        let payer = payer().pubkey();
        let transaction =
            Transaction::new_signed_with_payer(&[instruction], Some(&payer), &signers, blockhash);
        observe(case, &self.context.banks_client, transaction).await
    }

    /// The bytes of the file that the loader keeps for the program.
    ///
    /// # Panics
    /// If there is no such account.
    pub async fn deployed_bytes(&mut self) -> Vec<u8> {
        let address = solana_loader_v3_interface::get_program_data_address(&self.program.pubkey());
        let account = self.context.banks_client.get_account(address).await.expect("the bank answers");
        let account = account.expect("the program has data");
        account.data[UpgradeableLoaderState::size_of_programdata_metadata()..].to_vec()
    }

    /// Makes a buffer and writes a file to it, piece by piece.
    async fn write(&mut self, elf: &[u8]) -> Pubkey {
        self.buffers += 1;
        let mut secret = [203; 32];
        secret[0] = self.buffers;
        let buffer = Keypair::new_from_array(secret);
        let (address, authority) = (buffer.pubkey(), self.authority.pubkey());
        let rent = self.rent(UpgradeableLoaderState::size_of_buffer(elf.len())).await;
        let made = loader::create_buffer(&payer().pubkey(), &address, &authority, rent, elf.len());
        let made = made.expect("the buffer is encoded");
        self.send(&made, &[payer(), buffer]).await.expect("the buffer is made");
        for (n, chunk) in elf.chunks(CHUNK).enumerate() {
            let offset = u32::try_from(n * CHUNK).expect("programs are small");
            let write = loader::write(&address, &authority, offset, chunk.to_vec());
            let keys = [payer(), self.authority.insecure_clone()];
            self.send(&[write], &keys).await.expect("the piece is written");
        }
        address
    }

    async fn rent(&mut self, size: usize) -> u64 {
        self.context.banks_client.get_rent().await.expect("the bank answers").minimum_balance(size)
    }

    async fn send(&mut self, instructions: &[Instruction], keys: &[Keypair]) -> Result<(), String> {
        let blockhash = self.context.get_new_latest_blockhash().await.expect("there is a new blockhash");
        let keys: Vec<&Keypair> = keys.iter().collect();
        let payer = payer().pubkey();
        let transaction = Transaction::new_signed_with_payer(instructions, Some(&payer), &keys, blockhash);
        let client = &mut self.context.banks_client;
        let result = client.process_transaction_with_metadata(transaction).await.expect("the bank answers");
        result.result.map_err(|error| describe(&error))
    }

    /// A program can be called in the slot after the one in which it was deployed.
    async fn next_slot(&mut self) {
        let clock: Clock = self.context.banks_client.get_sysvar().await.expect("the bank answers");
        self.context.warp_to_slot(clock.slot + 1).expect("time passes");
    }
}
