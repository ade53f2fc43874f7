//! A replica-set member that speaks the MongoDB wire protocol: the shell around the pure core of `protocol`.
