package io.llm2clip.cli;

import io.llm2clip.report.Surroundings;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: this program, Java, the machine. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {
            "llm2clip %s (Java %s, %s %s)"
                    .formatted(
                            Surroundings.version(),
                            Runtime.version(),
                            System.getProperty("os.name"),
                            System.getProperty("os.arch"))
        };
    }
}
