package io.llm2clip.tests;

/** Stands in for the command line in tests of the launcher: prints its arguments and whether the flags arrived. */
public final class EchoMain {
    private EchoMain() {}

    public static void main(String[] arguments) {
        boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        System.out.println(String.join("|", arguments) + " vector=" + vector + " test=" + System.getProperty("test"));
        System.exit(arguments.length);
    }
}
