//! The list of all promises.

/// Gives every promise, as `noun::promise,`, to the macro `$test`.
#[macro_export]
macro_rules! for_each_promise {
    ($test:ident) => {
        $test! {
            audit::a_record_comes_out_as_it_went_in,
            audit::records_of_one_moment_keep_their_order,
            audit::records_are_listed_in_pages,
            audit::records_are_filtered,
            audit::a_rollback_leaves_no_record,
            audit::records_are_sealed_in_order,
            audit::of_racing_sealers_one_moves_the_head,
            audit::a_seal_that_does_not_follow_the_head_is_refused,
            audit::outcome_and_request_are_kept,
            audit::a_person_is_found_as_actor_and_as_subject,
            audit::a_persons_traces_are_erased_and_nobody_elses,
            audit::waiting_records_of_the_gone_are_erased,
            audit::a_span_of_moments_is_a_span_of_numbers,
            audit_checkpoint::checkpoints_are_kept_in_order,
            audit_checkpoint::of_racing_checkpoints_with_a_number_one_is_kept,
            audit_checkpoint::the_base_only_moves_on,
            audit_checkpoint::nothing_behind_the_base_is_swept,
            ending::what_was_judged_before_an_ending_is_not_written_after_it,
            ending::a_refresh_waits_for_an_ending_under_way_and_writes_nothing,
            ending::an_ending_ends_what_a_refresh_wrote_before_it,
            ending::no_refresh_that_races_an_ending_outlives_it,
            ending::an_ending_and_its_revocation_are_seen_at_once,
            hot::the_hot_read_sees_what_was_committed,
            hot::the_hot_path_finds_nothing_where_nothing_is,
            hot::a_version_is_written_over_once_on_the_hot_path,
            hot::both_paths_respect_one_version,
            hot::many_sessions_are_written_at_once,
            hot::the_hot_write_reads_the_rights_of_its_moment,
            hot::a_hot_write_never_revives_an_ended_session,
            hot::a_hot_write_may_end_the_session,
            idlest::the_sessions_unused_the_longest_end_beyond_the_bound,
            idlest::what_is_over_neither_counts_nor_ends_again,
            idlest::sign_ins_that_race_never_leave_more_than_the_bound,
            idlest::no_refresh_outlives_the_bound_that_ended_its_session,
            noticed::what_was_noticed_is_written_over_the_judged_version_alone,
            noticed::of_racers_who_notice_the_same_one_writes,
            noticed::a_list_longer_than_any_may_be_is_refused,
            import_secret::a_secret_of_another_system_is_kept_once,
            one_time_token::a_token_is_taken_once,
            one_time_token::a_token_taken_for_nothing_is_still_good,
            one_time_token::an_expired_token_is_nobodys,
            one_time_token::a_new_token_voids_the_one_before,
            one_time_token::of_racing_new_tokens_one_is_good,
            one_time_token::expired_tokens_are_swept_in_batches,
            passkey::a_passkey_comes_out_as_it_went_in,
            passkey::of_racing_registrations_of_one_credential_one_wins,
            passkey::everyone_has_one_handle_whoever_races,
            passkey::of_racing_uses_with_one_counter_one_wins,
            passkey::a_counter_never_goes_back_or_stands_still,
            passkey::a_passkey_that_does_not_count_is_used_again_and_again,
            passkey::only_the_owner_renames_and_deletes,
            passkey::all_of_a_persons_passkeys_go_and_nobody_elses,
            passkey::a_passkey_of_nobody_is_a_lost_race,
            passkey_challenge::a_challenge_is_answered_once,
            passkey_challenge::a_challenge_is_not_answered_elsewhere_or_for_something_else,
            passkey_challenge::an_expired_challenge_is_nobodys,
            passkey_challenge::expired_challenges_are_swept_in_batches,
            password::the_first_password_is_set_once,
            password::of_racing_password_changes_one_wins,
            password::a_password_of_nobody_is_a_lost_race,
            password::the_peppers_that_hashes_need_are_counted,
            revocation::a_revocation_comes_out_as_it_went_in,
            revocation::the_head_is_the_last_record,
            revocation::revocations_are_listed_after_a_number,
            revocation::the_hash_depends_on_all_before,
            revocation::a_rollback_leaves_no_gap,
            revocation::racing_revocations_are_numbered_in_commit_order,
            revocation::a_thousand_revocations_are_one_act,
            revocation::raised_numbers_go_on_where_they_were_raised_to,
            revocation::old_revocations_are_swept_in_batches,
            revocation::the_greatest_access_lifetime_of_a_window_is_known,
            role::the_role_admin_exists_and_stays,
            role::a_role_is_made_and_replaced,
            role::names_with_a_space_are_refused,
            role::a_change_of_a_role_raises_ver_of_its_holders,
            role::a_role_given_while_it_changes_leaves_no_stale_right,
            role::two_roles_of_one_person_change_at_once,
            root::racing_first_starts_keep_one_root,
            session::a_session_comes_out_as_it_went_in,
            session::every_reason_of_an_ending_reads_back,
            session::a_row_longer_than_any_may_be_is_refused,
            session::a_session_of_nobody_is_a_lost_race,
            session::a_judged_row_is_written_whole,
            session::a_version_is_written_over_once,
            session::an_ended_session_is_not_written,
            session::a_session_ends_once,
            session::an_ending_is_written_by_the_judged_write_too,
            session::all_sessions_of_a_person_end_but_one,
            session::every_session_there_is_can_be_ended,
            session::living_sessions_are_listed_last_used_first,
            session::a_new_proof_is_recorded,
            session::old_sessions_are_swept_in_batches,
            signing_key::keys_come_out_oldest_first,
            signing_key::racing_nodes_make_one_key_of_a_state,
            signing_key::one_key_of_a_state_an_algorithm,
            signing_key::a_kid_names_one_key,
            signing_key::a_key_moves_on_once,
            signing_key::a_rotation_is_one_transaction,
            signing_key::every_change_of_keys_changes_the_number,
            tx::a_dropped_transaction_leaves_nothing,
            tx::a_failed_transaction_leaves_nothing,
            tx::a_transaction_reads_its_own_writes,
            tx::a_snapshot_is_of_one_moment,
            tx::a_snapshot_refuses_every_write,
            tx::observers_are_told_before_the_commit_returns,
            tx::observers_hear_only_of_what_was_committed,
            tx::a_panicking_observer_disturbs_nobody,
            tx::an_abandoned_commit_is_told_or_not_done,
            tx::a_transaction_has_one_moment,
            tx::a_closed_store_is_unavailable,
            user::a_new_account_is_found_by_id_and_address,
            user::a_name_comes_out_as_it_went_in,
            user::an_address_belongs_to_one_account_whoever_races,
            user::accounts_are_listed_by_id_in_pages,
            user::there_are_no_accounts_until_there_is_one,
            user::a_change_of_status_raises_ver_once,
            user::ver_is_raised_to_at_least_a_number,
            user::racing_raises_of_ver_get_every_number_once,
            user::rights_are_read_with_the_person,
            user::only_existing_roles_are_given,
            user::only_other_active_people_with_the_role_count,
            user::of_racing_administrators_who_leave_one_stays,
            user::deleting_an_account_takes_all_it_owns,
        }
    };
}

#[cfg(test)]
mod tests {
    macro_rules! listed {
        ($($noun:ident :: $promise:ident,)*) => {
            [$(concat!(stringify!($noun), "::", stringify!($promise))),*]
        };
    }

    /// A promise that is written but not listed would be tested by nobody.
    #[test]
    fn every_promise_is_listed() {
        let sources = [
            ("audit", include_str!("audit.rs")),
            ("audit_checkpoint", include_str!("audit_checkpoint.rs")),
            ("ending", include_str!("ending.rs")),
            ("hot", include_str!("hot.rs")),
            ("idlest", include_str!("idlest.rs")),
            ("import_secret", include_str!("import_secret.rs")),
            ("noticed", include_str!("noticed.rs")),
            ("one_time_token", include_str!("one_time_token.rs")),
            ("passkey", include_str!("passkey.rs")),
            ("passkey_challenge", include_str!("passkey_challenge.rs")),
            ("password", include_str!("password.rs")),
            ("revocation", include_str!("revocation.rs")),
            ("role", include_str!("role.rs")),
            ("root", include_str!("root.rs")),
            ("session", include_str!("session.rs")),
            ("signing_key", include_str!("signing_key.rs")),
            ("tx", include_str!("tx.rs")),
            ("user", include_str!("user.rs")),
        ];
        let mut written = Vec::new();
        for (noun, source) in sources {
            let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('('));
            written.extend(names.map(|(name, _)| format!("{noun}::{name}")));
        }
        let mut listed = for_each_promise!(listed).map(str::to_owned).to_vec();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, written);
    }
}
