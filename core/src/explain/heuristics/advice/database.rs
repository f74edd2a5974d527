//! Databases, caches and the libraries that speak to them.

use super::{
    Advice, BLANK,
    Work::{Deep, Quick},
};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"(?i)deadlock (detected|found)|ORA-00060|deadlocked on lock|deadlock victim",
        cause: "Two transactions waited for each other's locks, and the database cancelled this one. Most likely they lock the same rows in different orders.",
        open: "The event shows one of the two transactions: the database's log names the other.",
        fix: "Lock rows in one order everywhere (sort by id before updating), keep transactions short and free of network calls, and retry {function} a few times on this error.",
        test: "runs {function} twice in parallel over the same rows in opposite order and expects both to end",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"(?i)could not serialize access|serialization failure|\b40001\b|WriteConflict",
        cause: "The database could not order two transactions and cancelled this one, as it says it will at this isolation level.",
        fix: "Retry the whole transaction in {function} (bounded, with a random pause), and keep it short.",
        test: "runs it twice in parallel and expects both to succeed",
        ..BLANK
    },
    Advice {
        message: r#"(?i)duplicate key value violates unique constraint ["“](?<constraint>[^"”]+)|Duplicate entry '(?<entry>[^']*)' for key '(?<key>[^']+)'|UNIQUE constraint failed: (?<columns>[\w., ]+)|Violation of (UNIQUE|PRIMARY) KEY constraint '(?<named>[^']+)'|E11000 duplicate key error.{0,120}index: (?<index>\S+)|Unique constraint failed on the (fields|constraint): \(?(?<fields>[^)]{1,80})"#,
        cause: "A row with the same key is there already: the constraint {constraint|{key|{columns|{named|{index|{fields|on it}}}}}} refused this one. Most likely two requests did the same thing at once (a double click, a retry, a redelivered job), or the check before the insert does not hold under concurrency.",
        fix: "Make the insert in {function} idempotent: `INSERT … ON CONFLICT DO NOTHING` (or update), and give back the row that is there; answer 409 where a user chose a taken value. Keep the constraint.",
        test: "sends the same request twice in parallel and expects one row and no exception",
        ..BLANK
    },
    Advice {
        message: r#"(?i)violates foreign key constraint ["“](?<constraint>[^"”]+)|FOREIGN KEY constraint (failed|fails)|foreign key constraint fails \((?<table>[^)]{1,120})|REFERENCE constraint "(?<named>[^"]+)""#,
        cause: "A row refers to another one that is not there, or one was deleted that others refer to ({constraint|{named|a foreign key}}).",
        fix: "Check in {function} that the row exists within the same transaction, delete children first (or `ON DELETE`), and answer 404 or 409 instead of failing.",
        test: "deletes the parent between check and insert",
        ..BLANK
    },
    Advice {
        message: r#"(?i)null value in column "(?<column>[^"]+)"|Column '(?<name>[^']+)' cannot be null|NOT NULL constraint failed: (?<field>\S+)|Cannot insert the value NULL into column '(?<target>[^']+)'"#,
        cause: "The column {column|{name|{field|{target|of the row}}}} must have a value and got none.",
        fix: "Find out in {function} why it is empty: a field missing in the request, a default that is not set. Validate before saving; if nothing is legitimate, allow null by a migration.",
        test: "saves without that field and expects a validation error",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r#"(?i)violates check constraint "(?<constraint>[^"]+)"|CHECK constraint failed: (?<name>\S+)"#,
        cause: "A row broke the rule {constraint|{name}} of the database.",
        fix: "Check the same rule in {function} before saving and tell the user which field broke it.",
        test: "saves a value just outside of the rule",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)value too long for type (?<type>[\w ()]+)|Data too long for column '(?<column>[^']+)'|String or binary data would be truncated|out of range for type|Out of range value for column",
        cause: "A value is larger than its column {column|{type|allows}}.",
        fix: "Bound the length or range where the value enters, with the same limit as the column; widen the column if the value is legitimate.",
        test: "saves a value of the limit and one above it",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)QueuePool limit|pool (is )?exhausted|connection pool timeout|Timed out fetching a new connection|Connection is not available, request timed out|could not obtain a (database )?connection|timeout expired\. +The timeout period elapsed prior to obtaining|remaining connection slots are reserved|too many (clients|connections)|TimeoutError: ResourceRequest timed out|ConnectionTimeoutError|dropped from queue after|pool timed out while waiting",
        cause: "No database connection was free. Either connections are held too long (a slow query, a transaction left open, a call to another service inside of one), or there are more workers than connections.",
        open: "The code that waits is not the code that holds the connections: the database's list of sessions (`pg_stat_activity`, `SHOW PROCESSLIST`) shows who does.",
        fix: "Look for sessions that are idle in a transaction, close connections on every path (`with`, `finally`), keep network calls out of transactions; then fit pool size × processes to the server's limit, with a pooler in front if needed.",
        test: "runs more parallel requests than the pool has connections and expects all to end",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"(?i)server closed the connection unexpectedly|MySQL server has gone away|Lost connection to MySQL|connection (was )?(terminated|closed) unexpectedly|terminating connection due to|SSL connection has been closed|Communications link failure|connection already closed",
        cause: "The database closed the connection: a restart, a failover, an idle timeout of the server or of something between.",
        fix: "Check connections before use (`pool_pre_ping`, a validation query), recycle them before the idle timeout, and retry reads once.",
        test: "ends the session on the server and calls {function} again",
        ..BLANK
    },
    Advice {
        message: r"(?i)statement timeout|canceling statement|Query execution was interrupted|max_statement_time|Lock wait timeout exceeded|could not obtain lock|prior to completion of the operation",
        cause: "A query took longer than it may: it reads too much, or it waited for a lock.",
        open: "The evidence does not tell which of the two: `EXPLAIN (ANALYZE, BUFFERS)` and the list of locks do.",
        fix: "Explain the query with production data, add the missing index or narrow the query, and shorten the transaction that holds the lock.",
        test: "runs the query over a realistic amount of data within a time limit",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r#"(?i)relation "(?<table>[^"]+)" does not exist|no such table:? (?<name>\S+)|Table '(?<named>[^']+)' doesn't exist|Invalid object name '(?<object>[^']+)'|UndefinedTable"#,
        cause: "The table {table|{name|{named|{object|in the message}}}} is not in this database. Most likely a migration was not run before the new code started, or the connection points at another database or schema.",
        fix: "Run the migrations as a step before the start of the new version, and check the name of database and schema in the settings of this environment.",
        test: "starts the built version against an empty, migrated database",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r#"(?i)column "?(?<column>[\w.]+)"? (of relation "\w+" )?does not exist|no such column:? (?<name>\S+)|Unknown column '(?<named>[^']+)'|Invalid column name '(?<object>[^']+)'"#,
        cause: "The column {column|{name|{named|{object|in the message}}}} is not there. Most likely code and schema are of different versions.",
        fix: "Migrate before the new code starts; remove a column only one release after the code stopped using it.",
        test: "runs the former version's code against the new schema, and the other way round",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r#"(?i)syntax error at or near "(?<near>[^"]+)"|You have an error in your SQL syntax|near "(?<where>[^"]+)": syntax error|unterminated quoted string"#,
        cause: "The database could not read the query near {near|{where|the place in the message}}. If values are put into the query as text, this is also how an SQL injection shows.",
        fix: "Pass every value as a parameter in {function}; never build SQL from input. Then correct the statement.",
        test: "passes a value with a quote (`O'Brien`) to {function}",
        ..BLANK
    },
    Advice {
        message: r"(?i)database is locked|SQLITE_BUSY|database table is locked",
        cause: "Another connection was writing to the SQLite file, and this one did not wait long enough.",
        fix: "Switch to WAL, set `busy_timeout`, use one writer, and keep transactions short.",
        test: "writes from two connections at once",
        ..BLANK
    },
    Advice {
        message: r"(?i)password authentication failed|Access denied for user|authentication failed.*database|Login failed for user|NOAUTH|WRONGPASS",
        cause: "The database refused the credentials of this environment. Most likely they were rotated, or a secret was not passed on.",
        fix: "Compare the secret of the deployment with the database's user; restart after a rotation. No code needs to change.",
        test: "connects at start and fails there with a clear message",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)current transaction is aborted|TransactionManagementError|PendingRollbackError|can't execute queries until the end of the 'atomic' block",
        cause: "A query was sent in a transaction that had failed before. The first error is the cause; this one follows from it.",
        fix: "Find the first failing query (the breadcrumbs may show it); put what may fail into a savepoint of its own, and roll back before going on in {function}.",
        test: "lets the first query fail and goes on",
        ..BLANK
    },
    Advice {
        message: r"(?i)READONLY You can't write|cannot execute \w+ in a read-only transaction|not (the )?(primary|master)|NotWritablePrimary",
        cause: "A write went to a replica. Most likely a failover happened and the client still knows the old primary.",
        fix: "Connect by the name that follows the primary, and reconnect on this error.",
        test: "demotes the primary and writes",
        ..BLANK
    },
    Advice {
        message: r"(?i)OOM command not allowed|maxmemory|MISCONF Redis",
        cause: "Redis refuses writes: its memory limit is reached, or it cannot save to disk.",
        fix: "Give keys a time to live, choose an eviction policy that fits a cache, and watch its memory; catch the error where the cache is optional.",
        test: "runs {function} with the cache refusing writes",
        ..BLANK
    },
    Advice {
        message: r"WRONGTYPE Operation against a key",
        cause: "A Redis key holds another type than the command expects: two parts of the program share a name, or an old value was left.",
        fix: "Prefix keys by purpose and version, and delete the old ones.",
        test: "calls {function} with an old value in place",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)ServerSelectionTimeout|Server selection timed out|No primary (server )?available|ReplicaSetNoPrimary|MongoNetworkError",
        cause: "No server of the MongoDB cluster could be reached in time: network rules, DNS, or an election under way.",
        fix: "Check that this environment may reach all members by the names the cluster announces, and retry reads and idempotent writes.",
        test: "steps the primary down and calls {function}",
        ..BLANK
    },
];
