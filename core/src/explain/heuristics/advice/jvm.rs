//! Java, Kotlin, Spring, Android.

use super::{
    Advice, BLANK, Family,
    Shape::Guard,
    Work::{Deep, Quick},
};

const JVM: &[Family] = &[Family::Jvm];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: JVM,
        kinds: &["NullPointerException"],
        message: r#"because (the return value of )?"(?<subject>[^"]{1,120})" is null"#,
        null: true,
        cause: "{subject} was null when it was used.",
        fix: "Decide in {function} what a missing {subject} means: return early, throw an exception that says what was missing, or let the method give back an `Optional`. `@Nullable` annotations with a checker find the other places.",
        test: "lets {subject} be null and expects a defined outcome of {function}",
        shape: Guard(
            "Objects.requireNonNull({subject}, \"{subject} is missing\"); // or return early",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["NullPointerException", "KotlinNullPointerException"],
        message: r"on a null object reference|Attempt to (read|write|invoke|get).{0,160}null",
        null: true,
        cause: "A method was called on, or a field read from, a null reference. On Android this is often a view or a context after the screen was left, or an `Intent` extra that is absent.",
        fix: "Check for null in {function} before the call; tie callbacks to the lifecycle so that they do not run after the view is gone.",
        test: "calls {function} after the screen was destroyed",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["NullPointerException", "KotlinNullPointerException"],
        null: true,
        cause: "{subject|A reference on that line} was null when it was used.",
        open: "The message does not say which reference it was: run with Java 14 or later, whose messages name it.",
        fix: "Check each reference on that line in {function}; handle the one that may be null where it comes from.",
        test: "calls {function} with each of its inputs null in turn",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["UninitializedPropertyAccessException"],
        message: r"lateinit property (?<name>\w+) has not been initialized",
        cause: "The `lateinit` property {name} was read before it was set: the life cycle took another order than expected.",
        fix: "Set {name} in the constructor or with `by lazy`, or check `isInitialized` where the order is open.",
        test: "calls {function} before initialisation",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["ClassCastException"],
        message: r"(class )?(?<from>[\w.$]+) cannot be cast to (class )?(?<to>[\w.$]+)",
        cause: "A {from} was taken for a {to}. Most likely generics hide another type, or two class loaders or versions are in play.",
        fix: "Test with `instanceof` (`as?` in Kotlin) in {function}, or correct what is put into the collection.",
        test: "passes a {from} to {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &[
            "IndexOutOfBoundsException",
            "ArrayIndexOutOfBoundsException",
            "StringIndexOutOfBoundsException",
        ],
        message: r"(?i)index:? (?<index>-?\d+),? (out of bounds for length|size:|length=?:?) ?(?<length>\d+)|begin (?<begin>\d+), end (?<end>-?\d+)|length=(?<size>\d+); index=(?<at>-?\d+)",
        cause: "Index {index|{at}} was used on something of length {length|{size}}.",
        fix: "Check the size in {function} before reading, and decide what an empty list means; in a list view, make changes to data and notification in one step.",
        test: "calls {function} with {length|too few} elements",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["NumberFormatException"],
        message: r#"For input string: "(?<given>[^"]*)""#,
        cause: "The text {given|of the message} is no number.",
        fix: "Validate the text where it comes in and answer with an error that names the field; do not let {function} parse unchecked text.",
        test: "passes an empty text and letters",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ConcurrentModificationException"],
        cause: "A collection was changed while it was iterated over, by the loop itself or by another thread.",
        fix: "Use `removeIf` or the iterator's `remove`, iterate over a copy, or use a concurrent collection if threads share it.",
        test: "removes an element inside the loop of {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["NoSuchElementException"],
        cause: "A value was taken from something empty (`Optional.get`, `first()`, an iterator at its end).",
        fix: "Use `orElseThrow` with a message, `firstOrNull` or `hasNext` in {function}, and decide what «nothing» means.",
        test: "calls {function} with nothing there",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["LazyInitializationException"],
        cause: "A lazy association of Hibernate was read after its session had closed.",
        fix: "Fetch what the caller needs inside the transaction (`join fetch`, an entity graph, a DTO).",
        test: "reads the association outside of the transaction",
        ..BLANK
    },
    Advice {
        kinds: &[
            "OptimisticLockException",
            "ObjectOptimisticLockingFailureException",
            "StaleObjectStateException",
            "StaleObjectError",
            "DbUpdateConcurrencyException",
        ],
        cause: "Two writers changed the same row; the later one was refused by its version. The data is safe, the work of one of them was not done.",
        fix: "Retry {function} from a fresh read (bounded), or tell the user that the data changed.",
        test: "changes the row between read and write and expects a retry",
        ..BLANK
    },
    Advice {
        kinds: &[
            "NoSuchBeanDefinitionException",
            "BeanCreationException",
            "UnsatisfiedDependencyException",
            "BeanInstantiationException",
        ],
        cause: "Spring could not build the application: a bean is missing, is there twice, or failed in its constructor.",
        fix: "Read the innermost cause; add the component or its configuration, choose with `@Qualifier`, or correct the property it needs.",
        test: "starts the context with the profile that failed",
        ..BLANK
    },
    Advice {
        kinds: &[
            "HttpMessageNotReadableException",
            "JsonParseException",
            "JsonMappingException",
            "MismatchedInputException",
            "UnrecognizedPropertyException",
            "InvalidFormatException",
            "JsonSyntaxException",
            "SerializationException",
            "JsonDataException",
        ],
        cause: "JSON did not fit the class it was read into, or was no JSON at all.",
        fix: "Compare the document with the class: a field's type, an unknown enum value, a missing field without default. Answer 400 where it came from a client; be tolerant of unknown fields where it came from a service.",
        test: "reads the document that failed, and one that is cut off",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &[
            "ClassNotFoundException",
            "NoClassDefFoundError",
            "NoSuchMethodError",
            "NoSuchFieldError",
            "AbstractMethodError",
            "UnsatisfiedLinkError",
            "ExceptionInInitializerError",
        ],
        cause: "A class, method or native library is not there at run time although the compiler saw one: two versions of a library, a wrong scope, a shrinker (R8) that removed it, or a static initialiser that failed before.",
        fix: "Print the dependency tree, bring all parts to one version, add a keep rule for what is used by reflection, and read the first failure of that class in the log.",
        test: "starts the packaged artefact and touches this path",
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["UnsupportedOperationException"],
        cause: "An immutable collection was changed (`List.of`, `Arrays.asList`, `Collections.unmodifiable…`), or the operation is not written.",
        fix: "Copy into an `ArrayList` in {function} before changing it.",
        test: "calls {function} with an immutable list",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["ArithmeticException"],
        cause: "A calculation has no result; usually a division by zero because there is no data.",
        fix: "Branch on zero in {function} before dividing; give `BigDecimal.divide` a scale and a rounding mode.",
        test: "calls {function} with no data",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ApplicationNotResponding", "ANR"],
        cause: "The main thread did not answer for several seconds: it was busy, or waited for a lock, a disk or a network.",
        fix: "Move the work of {function} off the main thread; look at what the other threads hold.",
        test: "runs {function} with strict mode on and a slow disk",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &[
            "NetworkOnMainThreadException",
            "CalledFromWrongThreadException",
        ],
        cause: "Work was done on the wrong thread: the network on the main thread, or a view from another one.",
        fix: "Move the call in {function} to `Dispatchers.IO`, and touch views with `runOnUiThread` or `Dispatchers.Main`.",
        test: "calls {function} from a test with strict mode on",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["IllegalStateException"],
        message: r"onSaveInstanceState|not attached to (a|an|activity|context)|Fragment .* not attached",
        cause: "A screen was changed after it had been saved or left. Most likely an asynchronous result came late.",
        fix: "Do the change in a lifecycle-aware scope (`repeatOnLifecycle`), or check `isAdded`/`isStateSaved` in {function}.",
        test: "rotates the device while the result is under way",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["TransactionTooLargeException"],
        cause: "More than about 1 MB went through an `Intent` or a saved state.",
        fix: "Pass an id and load the data on the other side.",
        test: "saves the state of this screen with the largest realistic data",
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["RejectedExecutionException"],
        cause: "A task was given to an executor that is shut down or whose queue is full.",
        fix: "Stop submitting before the shutdown; bound the producers or let the caller run the task.",
        test: "submits more than the queue holds",
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["IllegalArgumentException"],
        message: r"No enum constant (?<constant>[\w.$]+)",
        cause: "The text names no constant of the enum: {constant}.",
        fix: "Parse with a fallback in {function} and answer with an error that lists what is allowed; an older reader must survive newer values.",
        test: "parses an unknown value",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JVM,
        kinds: &["IllegalStateException"],
        message: r"^Duplicate key (?<key>.{1,60}?)( \(attempted|$)",
        cause: "Two elements have the key {key}, and `Collectors.toMap` takes none twice.",
        fix: "Say in {function} which of the two counts, by a merge function as third argument; or collect with `groupingBy` where both do.",
        test: "collects two elements with the same key",
        work: Quick,
        ..BLANK
    },
];
