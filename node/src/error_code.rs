//! MongoDB's error codes: number and name, and the two rules that hang on a code, who may retry and which
//! errors carry a topology version. Numbers: the server's `error_codes.yml`.

use std::borrow::Cow;

/// A code of an error reply. Codes without a name of their own are called `Location<number>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// The code with this `codeName`, if it has one.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(code, _)| *code)
    }

    /// The number that goes into the field `code`.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The text that goes into the field `codeName`.
    pub fn name(self) -> Cow<'static, str> {
        match NAMES.iter().find(|(code, _)| *code == self) {
            Some((_, name)) => Cow::Borrowed(name),
            None => Cow::Owned(format!("Location{}", self.0)),
        }
    }

    /// Whether the error says "this member is not (or no longer) the primary". Drivers then look for
    /// another one, and the reply carries `topologyVersion`, so that they can tell stale news.
    pub fn is_not_primary(self) -> bool {
        [
            Self::NOT_WRITABLE_PRIMARY,
            Self::NOT_PRIMARY_NO_SECONDARY_OK,
            Self::NOT_PRIMARY_OR_SECONDARY,
            Self::INTERRUPTED_DUE_TO_REPL_STATE_CHANGE,
            Self::PRIMARY_STEPPED_DOWN,
        ]
        .contains(&self)
    }

    /// Whether the error says "this process is going away". Such a reply carries no `topologyVersion`:
    /// with one, drivers took the error for stale and kept their connection pools.
    pub fn is_shutdown(self) -> bool {
        [Self::SHUTDOWN_IN_PROGRESS, Self::INTERRUPTED_AT_SHUTDOWN].contains(&self)
    }

    /// Whether a failed retryable write gets the label `RetryableWriteError`. Without the label no driver
    /// retries a write.
    pub fn is_retryable_write(self) -> bool {
        self.is_not_primary()
            || self.is_shutdown()
            || [
                Self::HOST_UNREACHABLE,
                Self::HOST_NOT_FOUND,
                Self::NETWORK_TIMEOUT,
                Self::SOCKET_EXCEPTION,
                Self::EXCEEDED_TIME_LIMIT,
                Self::READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET,
            ]
            .contains(&self)
    }
}

macro_rules! error_codes {
    ($($constant:ident = $number:literal $name:literal;)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: ErrorCode = ErrorCode($number);
            )*
        }

        const NAMES: &[(ErrorCode, &str)] = &[$((ErrorCode($number), $name),)*];
    };
}

error_codes! {
    OK = 0 "OK";
    INTERNAL_ERROR = 1 "InternalError";
    BAD_VALUE = 2 "BadValue";
    NO_SUCH_KEY = 4 "NoSuchKey";
    GRAPH_CONTAINS_CYCLE = 5 "GraphContainsCycle";
    HOST_UNREACHABLE = 6 "HostUnreachable";
    HOST_NOT_FOUND = 7 "HostNotFound";
    UNKNOWN_ERROR = 8 "UnknownError";
    FAILED_TO_PARSE = 9 "FailedToParse";
    CANNOT_MUTATE_OBJECT = 10 "CannotMutateObject";
    USER_NOT_FOUND = 11 "UserNotFound";
    UNSUPPORTED_FORMAT = 12 "UnsupportedFormat";
    UNAUTHORIZED = 13 "Unauthorized";
    TYPE_MISMATCH = 14 "TypeMismatch";
    OVERFLOW = 15 "Overflow";
    INVALID_LENGTH = 16 "InvalidLength";
    PROTOCOL_ERROR = 17 "ProtocolError";
    AUTHENTICATION_FAILED = 18 "AuthenticationFailed";
    CANNOT_REUSE_OBJECT = 19 "CannotReuseObject";
    ILLEGAL_OPERATION = 20 "IllegalOperation";
    EMPTY_ARRAY_OPERATION = 21 "EmptyArrayOperation";
    INVALID_BSON = 22 "InvalidBSON";
    ALREADY_INITIALIZED = 23 "AlreadyInitialized";
    LOCK_TIMEOUT = 24 "LockTimeout";
    NAMESPACE_NOT_FOUND = 26 "NamespaceNotFound";
    INDEX_NOT_FOUND = 27 "IndexNotFound";
    PATH_NOT_VIABLE = 28 "PathNotViable";
    ROLE_NOT_FOUND = 31 "RoleNotFound";
    CONFLICTING_UPDATE_OPERATORS = 40 "ConflictingUpdateOperators";
    CURSOR_NOT_FOUND = 43 "CursorNotFound";
    NAMESPACE_EXISTS = 48 "NamespaceExists";
    MAX_TIME_MS_EXPIRED = 50 "MaxTimeMSExpired";
    DOLLAR_PREFIXED_FIELD_NAME = 52 "DollarPrefixedFieldName";
    INVALID_ID_FIELD = 53 "InvalidIdField";
    NOT_SINGLE_VALUE_FIELD = 54 "NotSingleValueField";
    EMPTY_FIELD_NAME = 56 "EmptyFieldName";
    DOTTED_FIELD_NAME = 57 "DottedFieldName";
    COMMAND_NOT_FOUND = 59 "CommandNotFound";
    WRITE_CONCERN_TIMEOUT = 64 "WriteConcernTimeout";
    IMMUTABLE_FIELD = 66 "ImmutableField";
    CANNOT_CREATE_INDEX = 67 "CannotCreateIndex";
    INDEX_ALREADY_EXISTS = 68 "IndexAlreadyExists";
    INVALID_OPTIONS = 72 "InvalidOptions";
    INVALID_NAMESPACE = 73 "InvalidNamespace";
    NODE_NOT_FOUND = 74 "NodeNotFound";
    NO_REPLICATION_ENABLED = 76 "NoReplicationEnabled";
    UNKNOWN_REPL_WRITE_CONCERN = 79 "UnknownReplWriteConcern";
    INDEX_OPTIONS_CONFLICT = 85 "IndexOptionsConflict";
    INDEX_KEY_SPECS_CONFLICT = 86 "IndexKeySpecsConflict";
    NETWORK_TIMEOUT = 89 "NetworkTimeout";
    SHUTDOWN_IN_PROGRESS = 91 "ShutdownInProgress";
    INVALID_REPLICA_SET_CONFIG = 93 "InvalidReplicaSetConfig";
    NOT_YET_INITIALIZED = 94 "NotYetInitialized";
    NOT_SECONDARY = 95 "NotSecondary";
    OPERATION_FAILED = 96 "OperationFailed";
    DB_PATH_IN_USE = 98 "DBPathInUse";
    UNSATISFIABLE_WRITE_CONCERN = 100 "UnsatisfiableWriteConcern";
    NEW_REPLICA_SET_CONFIGURATION_INCOMPATIBLE = 103 "NewReplicaSetConfigurationIncompatible";
    NODE_NOT_ELECTABLE = 104 "NodeNotElectable";
    INCOMPATIBLE_REPLICA_SET_NAMES = 108 "InconsistentReplicaSetNames";
    CONFIGURATION_IN_PROGRESS = 109 "ConfigurationInProgress";
    CANNOT_INITIALIZE_NODE_WITH_DATA = 110 "CannotInitializeNodeWithData";
    WRITE_CONFLICT = 112 "WriteConflict";
    INITIAL_SYNC_FAILURE = 113 "InitialSyncFailure";
    INITIAL_SYNC_OPLOG_SOURCE_MISSING = 114 "InitialSyncOplogSourceMissing";
    COMMAND_NOT_SUPPORTED = 115 "CommandNotSupported";
    CONFLICTING_OPERATION_IN_PROGRESS = 117 "ConflictingOperationInProgress";
    INVALID_SYNC_SOURCE = 119 "InvalidSyncSource";
    OPLOG_START_MISSING = 120 "OplogStartMissing";
    DOCUMENT_VALIDATION_FAILURE = 121 "DocumentValidationFailure";
    NOT_A_REPLICA_SET = 123 "NotAReplicaSet";
    UNRECOVERABLE_ROLLBACK_ERROR = 127 "UnrecoverableRollbackError";
    READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET = 134 "ReadConcernMajorityNotAvailableYet";
    STALE_TERM = 135 "StaleTerm";
    CAPPED_POSITION_LOST = 136 "CappedPositionLost";
    REMOTE_OPLOG_STALE = 138 "RemoteOplogStale";
    OPLOG_OUT_OF_ORDER = 152 "OplogOutOfOrder";
    INITIAL_SYNC_ACTIVE = 164 "InitialSyncActive";
    COMMAND_NOT_SUPPORTED_ON_VIEW = 166 "CommandNotSupportedOnView";
    INVALID_PIPELINE_OPERATOR = 168 "InvalidPipelineOperator";
    LINEARIZABLE_READ_CONCERN_ERROR = 187 "LinearizableReadConcernError";
    PRIMARY_STEPPED_DOWN = 189 "PrimarySteppedDown";
    ELECTION_IN_PROGRESS = 216 "ElectionInProgress";
    INCOMPLETE_TRANSACTION_HISTORY = 217 "IncompleteTransactionHistory";
    INVALID_UUID = 207 "InvalidUUID";
    TRANSACTION_TOO_OLD = 225 "TransactionTooOld";
    NO_QUERY_EXECUTION_PLANS = 291 "NoQueryExecutionPlans";
    QUERY_EXCEEDED_MEMORY_LIMIT_NO_DISK_USE_ALLOWED = 292 "QueryExceededMemoryLimitNoDiskUseAllowed";
    SNAPSHOT_TOO_OLD = 239 "SnapshotTooOld";
    CONVERSION_FAILURE = 241 "ConversionFailure";
    SNAPSHOT_UNAVAILABLE = 246 "SnapshotUnavailable";
    NO_SUCH_TRANSACTION = 251 "NoSuchTransaction";
    TRANSACTION_COMMITTED = 256 "TransactionCommitted";
    EXCEEDED_TIME_LIMIT = 262 "ExceededTimeLimit";
    OPERATION_NOT_SUPPORTED_IN_TRANSACTION = 263 "OperationNotSupportedInTransaction";
    CURRENT_CONFIG_NOT_COMMITTED_YET = 308 "CurrentConfigNotCommittedYet";
    TOO_STALE_TO_SYNC_FROM_SOURCE = 315 "TooStaleToSyncFromSource";
    API_VERSION_ERROR = 322 "APIVersionError";
    API_STRICT_ERROR = 323 "APIStrictError";
    MECHANISM_UNAVAILABLE = 334 "MechanismUnavailable";
    UNSUPPORTED_OP_QUERY_COMMAND = 352 "UnsupportedOpQueryCommand";
    SOCKET_EXCEPTION = 9001 "SocketException";
    NOT_WRITABLE_PRIMARY = 10107 "NotWritablePrimary";
    BSON_OBJECT_TOO_LARGE = 10334 "BSONObjectTooLarge";
    DUPLICATE_KEY = 11000 "DuplicateKey";
    INTERRUPTED_AT_SHUTDOWN = 11600 "InterruptedAtShutdown";
    INTERRUPTED = 11601 "Interrupted";
    INTERRUPTED_DUE_TO_REPL_STATE_CHANGE = 11602 "InterruptedDueToReplStateChange";
    NOT_PRIMARY_NO_SECONDARY_OK = 13435 "NotPrimaryNoSecondaryOk";
    NOT_PRIMARY_OR_SECONDARY = 13436 "NotPrimaryOrSecondary";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together_once() {
        for (position, (code, name)) in NAMES.iter().enumerate() {
            assert_eq!(code.name(), *name);
            assert_eq!(ErrorCode::from_name(name), Some(*code));
            assert!(
                NAMES[position + 1..].iter().all(|(other, _)| other != code),
                "{name} twice"
            );
        }
        assert_eq!(ErrorCode(40415).name(), "Location40415");
    }

    #[test]
    fn labels_and_topology_versions_follow_the_measured_lists() {
        let retryable = [
            11600, 11602, 10107, 13435, 13436, 189, 91, 7, 6, 89, 9001, 262, 134,
        ];
        for (code, _) in NAMES {
            assert_eq!(
                code.is_retryable_write(),
                retryable.contains(&code.number()),
                "{code:?}"
            );
        }
        assert!(ErrorCode(189).is_not_primary() && !ErrorCode(91).is_not_primary());
    }
}
