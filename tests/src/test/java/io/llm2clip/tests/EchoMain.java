package io.llm2clip.tests;

/** Stands in for the command line in tests of the launcher: prints its arguments, in ASCII, whether the flags arrived, and an error. */
public final class EchoMain {
    private EchoMain() {}

    public static void main(String[] arguments) {
        boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        System.out.println(
                escaped(String.join("|", arguments)) + " vector=" + vector + " test=" + System.getProperty("test"));
        System.err.print("WARNING: an error\nwithout an end of line");
        System.exit(arguments.length);
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars()
                .forEach(character -> escaped.append(
                        character < 0x80 ? String.valueOf((char) character) : String.format("\\u%04x", character)));
        return escaped.toString();
    }
}
