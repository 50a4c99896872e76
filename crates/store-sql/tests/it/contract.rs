//! Every promise of countersign-store-contract, once an engine.

macro_rules! promise_tests {
    ($($noun:ident :: $promise:ident,)*) => {
        mod on_sqlite {
            use countersign_store_contract::Subject;
            use countersign_store_sql::SqlStore;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let (env, clock) = Subject::environment();
                    let (store, _guard) = SqlStore::temporary(env.clone()).await.unwrap();
                    let subject = Subject { store, env, clock };

                    countersign_store_contract::$noun::$promise(subject).await.unwrap();
                }
            )*
        }

        mod on_postgres {
            use countersign_store_contract::Subject;
            use countersign_store_sql::SqlStore;

            use crate::server::Schema;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let Some(schema) = Schema::make().await else { return };
                    let (env, clock) = Subject::environment();
                    let store = SqlStore::on_test_clock(schema.url(), env.clone()).await.unwrap();
                    let subject = Subject { store: store.clone(), env, clock };

                    countersign_store_contract::$noun::$promise(subject).await.unwrap();

                    countersign_store::Store::close(&*store).await;
                    schema.drop().await;
                }
            )*
        }
    };
}

countersign_store_contract::for_each_promise!(promise_tests);
