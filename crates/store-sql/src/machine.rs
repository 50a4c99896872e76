//! Keeps machines.

use async_trait::async_trait;
use countersign_kernel::MachineId;
use countersign_store::{Error, Machine, MachineScope, Machines, Page, PageRequest};
use uuid::Uuid;

use crate::engine::{change, find, list};
use crate::page::{Start, nothing, page, rows_to_ask};
use crate::row::{Place, micros, moment, row};
use crate::tx::SqlTx;

const INSERT: &str = "INSERT INTO machines (id, name, scope, key_hash, created_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (name) DO NOTHING";
const FIND: &str = "SELECT id, name, scope, key_hash, created_at FROM machines WHERE id = $1";
const FIND_BY_NAME: &str = "SELECT id, name, scope, key_hash, created_at FROM machines WHERE name = $1";
const LIST: &str = "SELECT id, name, scope, key_hash, created_at FROM machines WHERE id > $1 ORDER BY id LIMIT $2";
const DELETE: &str = "DELETE FROM machines WHERE id = $1";

row! {
    struct MachineRow {
        id: Uuid,
        name: String,
        scope: String,
        key_hash: Vec<u8>,
        created_at: i64,
    }
}

impl TryFrom<MachineRow> for Machine {
    type Error = Error;

    fn try_from(row: MachineRow) -> Result<Self, Error> {
        let id = MachineId::from_uuid(row.id);
        let place = Place { table: "machines", id: &id };
        Ok(Self {
            id,
            scope: place.some("scope", MachineScope::parse(&row.scope))?,
            key_hash: place.bytes("key_hash", &row.key_hash)?,
            name: row.name,
            created_at: moment(row.created_at),
        })
    }
}

#[async_trait]
impl Machines for SqlTx {
    async fn insert_machine(&mut self, machine: &Machine) -> Result<bool, Error> {
        let inserted = change!(
            self,
            INSERT,
            machine.id.as_uuid(),
            machine.name.as_str(),
            machine.scope.as_str(),
            machine.key_hash.as_slice(),
            micros(machine.created_at),
        )?;
        Ok(inserted == 1)
    }

    async fn find_machine(&mut self, id: MachineId) -> Result<Option<Machine>, Error> {
        find!(self, MachineRow, FIND, id.as_uuid())?.map(Machine::try_from).transpose()
    }

    async fn find_machine_by_name(&mut self, name: &str) -> Result<Option<Machine>, Error> {
        find!(self, MachineRow, FIND_BY_NAME, name)?.map(Machine::try_from).transpose()
    }

    async fn list_machines(&mut self, request: &PageRequest) -> Result<Page<Machine>, Error> {
        let above = match Start::of(request, |text| text.parse().ok().map(MachineId::as_uuid)) {
            Start::First => Uuid::nil(),
            Start::After(id) => id,
            Start::Nowhere => return Ok(nothing()),
        };
        let rows = list!(self, MachineRow, LIST, above, rows_to_ask(request))?;
        let machines = rows.into_iter().map(Machine::try_from).collect::<Result<_, _>>()?;
        Ok(page(machines, request, |machine: &Machine| machine.id.to_string()))
    }

    async fn delete_machine(&mut self, id: MachineId) -> Result<bool, Error> {
        Ok(change!(self, DELETE, id.as_uuid())? == 1)
    }
}
