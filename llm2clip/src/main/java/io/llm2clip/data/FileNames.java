package io.llm2clip.data;

/** Names of files as text: a JVM that does not take them as UTF-8 names other files, or none. */
public final class FileNames {
    private static final String ENCODING = System.getProperty("sun.jnu.encoding", "UTF-8");
    private static final boolean AS_WRITTEN = ENCODING.equalsIgnoreCase("UTF-8")
            // Which has Unicode whatever the encoding is.
            || System.getProperty("os.name").startsWith("Windows");
    /** Stands for bytes that are no character. */
    private static final char REPLACEMENT = '\uFFFD';

    private FileNames() {}

    /**
     * Refuses what this JVM cannot name.
     *
     * @throws InputException naming the remedy, if it takes names of files in another encoding and this one is not ASCII
     */
    public static void requireAsWritten(String name) {
        if (!AS_WRITTEN && name.chars().anyMatch(character -> character > 0x7f)) {
            throw new InputException(
                    "%s: Java takes names of files as %s, expected UTF-8; start it with LC_ALL=C.UTF-8."
                            .formatted(name, ENCODING));
        }
    }

    /** Whether the name of a file that was found is text; otherwise it is shown with characters that it has not. */
    public static boolean isText(String name) {
        return name.indexOf(REPLACEMENT) < 0;
    }
}
