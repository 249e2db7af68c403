package io.llm2clip.dataset;

import io.llm2clip.data.DataReport;
import java.nio.file.Path;
import java.util.List;

/** Examples in the lines of a file, of which a bit per line is kept. A shard is a block of lines. */
abstract sealed class LineExamples implements ExampleSet permits CaptionFolder, TextFile {
    private final Path place;
    private final UsableLines lines;
    private final DataReport report;

    /**
     * Those that a scan has found.
     *
     * @param place what messages call them
     * @param lines that can be used
     * @param report of all lines
     */
    LineExamples(Path place, UsableLines lines, DataReport report) {
        this.place = place;
        this.lines = lines;
        this.report = report;
    }

    /** Number of the line of an example, from 0. */
    final int number(int shard, int index) {
        return lines.number(shard, index);
    }

    /** What a line of this number says. */
    final String line(int number) {
        return lines.line(number);
    }

    @Override
    public final List<String> notes() {
        return report.complete() ? List.of() : List.of(report.summary());
    }

    @Override
    public final String name() {
        return place.toString();
    }

    @Override
    public final int shards() {
        return lines.blocks();
    }

    @Override
    public final int size(int shard) {
        return lines.size(shard);
    }
}
