package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.data.ItemSource;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Texts from a file or standard input, one per line. */
final class TextLines {
    /** Stands for standard input. */
    static final Path STANDARD_INPUT = Path.of("-");

    private TextLines() {}

    /**
     * All lines, empty ones too. They end with a line feed, or with a carriage return before it; a byte order mark is left out.
     *
     * @throws InputException if the file cannot be read, holds nothing or is not UTF-8, naming the line
     */
    static List<String> read(Path file, InputStream standardInput) {
        List<String> lines = new ArrayList<>();
        ItemSource.ofTextLines(new ItemSource.LineInput(
                        file.equals(STANDARD_INPUT) ? "Standard input" : file.toString(),
                        file.equals(STANDARD_INPUT) ? null : file,
                        standardInput))
                .forEach(item -> lines.add(item.name()));
        return lines;
    }
}
