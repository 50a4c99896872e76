//! Promises of `Machines`.

use countersign_kernel::MachineId;
use countersign_store::{Error, Machine, MachineScope, PageRequest};

use crate::subject::{Kept, Subject, winners};

fn machine(subject: &Subject, name: &str) -> Machine {
    Machine {
        id: MachineId::new(&subject.env),
        name: name.to_owned(),
        scope: MachineScope::Revocations,
        key_hash: [7; 32],
        created_at: subject.now(),
    }
}

async fn insert(subject: &Subject, machine: &Machine) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let inserted = tx.insert_machine(machine).await?;
    tx.commit().await?;
    Ok(inserted)
}

async fn delete(subject: &Subject, id: MachineId) -> Result<bool, Error> {
    let mut tx = subject.begin().await?;
    let deleted = tx.delete_machine(id).await?;
    tx.commit().await?;
    Ok(deleted)
}

/// By its id and by its name, until it is deleted; then the name is free.
pub async fn a_machine_is_found_until_it_is_deleted(subject: Subject) -> Kept {
    let orders = machine(&subject, "orders");
    assert!(insert(&subject, &orders).await?);

    let mut tx = subject.store.snapshot().await?;
    assert_eq!(tx.find_machine(orders.id).await?, Some(orders.clone()));
    assert_eq!(tx.find_machine_by_name("orders").await?, Some(orders.clone()));
    assert_eq!(tx.find_machine(MachineId::new(&subject.env)).await?, None);
    assert_eq!(tx.find_machine_by_name("Orders").await?, None);
    drop(tx);

    assert!(delete(&subject, orders.id).await?);
    assert!(!delete(&subject, orders.id).await?);
    assert_eq!(subject.store.snapshot().await?.find_machine(orders.id).await?, None);
    assert!(insert(&subject, &machine(&subject, "orders")).await?);
    Ok(())
}

/// Ten tasks make a machine of one name at once.
pub async fn a_name_is_given_once(subject: Subject) -> Kept {
    let made = subject
        .race(10, |subject, _| async move {
            let machine = machine(&subject, "orders");
            insert(&subject, &machine).await
        })
        .await?;

    assert_eq!(winners(&made), 1);
    assert_eq!(subject.store.snapshot().await?.list_machines(&PageRequest::first(200)).await?.items.len(), 1);
    Ok(())
}

/// Ten tasks delete one machine at once.
pub async fn a_machine_is_deleted_once(subject: Subject) -> Kept {
    let orders = machine(&subject, "orders");
    assert!(insert(&subject, &orders).await?);
    let id = orders.id;

    let deleted = subject.race(10, move |subject, _| async move { delete(&subject, id).await }).await?;

    assert_eq!(winners(&deleted), 1);
    Ok(())
}

/// Each once, in the order of their making.
pub async fn machines_are_listed_in_pages(subject: Subject) -> Kept {
    let mut made = Vec::new();
    for name in ["c", "a", "b"] {
        let machine = machine(&subject, name);
        assert!(insert(&subject, &machine).await?);
        made.push(machine);
        subject.clock.advance(countersign_kernel::Lifetime::from_seconds(1));
    }

    let mut tx = subject.store.snapshot().await?;
    let first = tx.list_machines(&PageRequest::first(2)).await?;
    let rest = tx.list_machines(&PageRequest::after(first.next.clone().expect("there are more"), 2)).await?;
    assert_eq!([first.items, rest.items].concat(), made);
    assert_eq!(rest.next, None);
    Ok(())
}
