//! Translation between HTTP and the verbs; decides nothing.
