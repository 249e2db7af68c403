package io.llm2clip.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The entry point: says in one sentence what the Java runtime lacks, before any class that needs it is loaded.
 *
 * <p>It is compiled for Java 11, so that older runtimes can run it and be told, and names the command by reflection.
 */
public final class Main {
    private static final Runtime.Version OLDEST = Runtime.Version.parse("25.0.3");
    private static final String STANDARD_ERROR = "llm2clip.stderr";
    private static final String TERMINAL = "llm2clip.terminal";

    /** Stands for bytes that are no character. */
    private static final char REPLACEMENT = '\uFFFD';

    private Main() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        restoreStandardError();
        boolean asksForHelp = asksForHelp(arguments);
        String missing = missing(
                Runtime.version(),
                asksForHelp
                        || ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
        if (!missing.isEmpty()) {
            System.err.println(missing);
            System.exit(2);
        }
        String unreadable = unreadable(
                arguments,
                System.getProperty("user.dir", ""),
                System.getProperty("sun.jnu.encoding", ""),
                System.getProperty("os.name", ""));
        if (!unreadable.isEmpty()) {
            System.err.println(unreadable);
            System.exit(2);
        }
        int code = (int) Class.forName("io.llm2clip.cli.Llm2ClipCommand")
                .getMethod("run", String[].class)
                .invoke(null, (Object) arguments);
        // Help starts no thread that could go on, and the JVM loads what logs before it exits when told to.
        if (code != 0 || !asksForHelp) {
            System.exit(code);
        }
    }

    /**
     * Whether the arguments are certain to ask for help or the version, which takes no Vector API: the last one does so, and none
     * before it is an option whose value it could be. The launcher decides the same before it starts Java.
     */
    static boolean asksForHelp(String[] arguments) {
        if (arguments.length == 0) {
            return false;
        }
        int last = arguments.length - 1;
        for (int i = 0; i < last; i++) {
            if (arguments[i].startsWith("-")) {
                return false;
            }
        }
        return List.of("-h", "--help", "-V", "--version").contains(arguments[last]) || arguments[0].equals("help");
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
     * One sentence on what Java did not read as it was written, or nothing: with other characters a text has another vector, and a path
     * names another file.
     *
     * @param folder the current one, with which relative paths begin
     * @param encoding as what the JVM takes arguments and names of files
     */
    static String unreadable(String[] arguments, String folder, String encoding, String system) {
        boolean utf8 = encoding.equalsIgnoreCase("UTF-8");
        // Windows has Unicode whatever the encoding is.
        boolean asWritten = utf8 || system.startsWith("Windows");
        for (int i = 0; i <= arguments.length; i++) {
            String text = i < arguments.length ? arguments[i] : folder;
            String what = i < arguments.length ? "argument " + (i + 1) : "the name of the current folder";
            if (!asWritten && text.chars().anyMatch(character -> character > 0x7f)) {
                return "error: Java reads " + what + " ('" + text + "') as " + encoding
                        + ", expected UTF-8; run bin/llm2clip, or set LC_ALL=C.UTF-8.";
            }
            if (text.indexOf(REPLACEMENT) >= 0) {
                return "error: " + what + " ('" + text
                        + "') is not UTF-8; rename the file, or give texts in a file with --texts.";
            }
        }
        return "";
    }

    /**
     * The launcher gives the JVM a filter as its standard error, which keeps the notice on incubator modules out, and the real
     * one as another descriptor; errors and progress go there. A JVM that this program starts has the filter alone.
     */
    private static void restoreStandardError() throws ReflectiveOperationException {
        String descriptor = System.getProperty(STANDARD_ERROR, "");
        String terminal = System.getProperty(TERMINAL, "");
        try {
            if (!descriptor.isEmpty()) {
                // No public API opens a descriptor that was inherited; the jar's manifest opens the package.
                FileDescriptor inherited = new FileDescriptor();
                Field number = FileDescriptor.class.getDeclaredField("fd");
                number.setAccessible(true);
                number.setInt(inherited, Integer.parseInt(descriptor));
                writeErrorsTo(new FileOutputStream(inherited));
            } else if (!terminal.isEmpty()) {
                writeErrorsTo(new FileOutputStream(terminal, true));
            } else {
                writeErrorsTo(new FileOutputStream(FileDescriptor.err));
            }
        } catch (IOException e) {
            System.err.println("Errors and progress go through a filter: " + e.getMessage());
        }
    }

    /** In UTF-8 whatever the locale. */
    private static void writeErrorsTo(FileOutputStream stream) {
        System.setErr(new PrintStream(stream, true, StandardCharsets.UTF_8));
    }
}
