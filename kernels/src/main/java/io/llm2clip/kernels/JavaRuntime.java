package io.llm2clip.kernels;

/** What kernels need of the Java runtime, asked before anything that lacks it fails in its own words. */
public final class JavaRuntime {
    /** Earlier updates have a fault in G1 where heap memory is pinned for native code. */
    private static final Runtime.Version OLDEST = Runtime.Version.parse("25.0.3");

    private JavaRuntime() {}

    /** @throws IllegalStateException if this runtime will not do; the message is one sentence that says what to change */
    public static void require() {
        String missing = missing(
                Runtime.version(),
                ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
        if (!missing.isEmpty()) {
            throw new IllegalStateException(missing);
        }
    }

    static String missing(Runtime.Version version, boolean vectorModule) {
        if (version.compareToIgnoreOptional(OLDEST) < 0) {
            return "llm2clip needs Java " + OLDEST + " or newer, found " + version + "; use a newer JDK.";
        }
        if (!vectorModule) {
            return "llm2clip needs the Vector API, which this JVM was started without; add --add-modules jdk.incubator.vector to its options.";
        }
        return "";
    }
}
