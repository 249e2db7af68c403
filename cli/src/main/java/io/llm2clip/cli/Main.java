package io.llm2clip.cli;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;

/**
 * The entry point: says in one sentence what the Java runtime lacks, before any class that needs it is loaded.
 *
 * <p>It is compiled for Java 11, so that older runtimes can run it and be told, and names the command by reflection.
 */
public final class Main {
    private static final Runtime.Version OLDEST = Runtime.Version.parse("25.0.3");
    private static final String TERMINAL = "llm2clip.terminal";

    private Main() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        String missing = missing(
                Runtime.version(),
                ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
        if (!missing.isEmpty()) {
            System.err.println(missing);
            System.exit(2);
        }
        restoreTerminal();
        Class.forName("io.llm2clip.cli.Llm2ClipCommand")
                .getMethod("main", String[].class)
                .invoke(null, (Object) arguments);
    }

    /** One sentence on what to change, or nothing if the runtime will do. */
    static String missing(Runtime.Version version, boolean vectorModule) {
        if (version.compareToIgnoreOptional(OLDEST) < 0) {
            return "llm2clip needs Java " + OLDEST + " or newer, found " + version
                    + "; run it with bin/llm2clip or a newer java.";
        }
        if (!vectorModule) {
            return "llm2clip needs the Vector API; run it with bin/llm2clip or java --add-modules jdk.incubator.vector -jar.";
        }
        return "";
    }

    /**
     * The launcher keeps the JVM's notice on incubator modules off the terminal by giving the JVM a filter as its
     * standard error; from here on errors and progress bars go to the terminal itself.
     */
    private static void restoreTerminal() {
        String terminal = System.getProperty(TERMINAL, "");
        if (!terminal.isEmpty()) {
            try {
                System.setErr(new PrintStream(new FileOutputStream(terminal, true), true));
            } catch (IOException e) {
                System.err.println("Errors and progress go through a filter: " + e.getMessage());
            }
        }
    }
}
