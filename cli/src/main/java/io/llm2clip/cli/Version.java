package io.llm2clip.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: this program, Java, the machine. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String packaged = Version.class.getPackage().getImplementationVersion();
        return new String[] {
            "llm2clip %s (Java %s, %s %s)"
                    .formatted(
                            packaged == null ? "unpackaged" : packaged,
                            Runtime.version(),
                            System.getProperty("os.name"),
                            System.getProperty("os.arch"))
        };
    }
}
