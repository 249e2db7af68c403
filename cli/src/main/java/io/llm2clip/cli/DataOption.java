package io.llm2clip.cli;

import io.llm2clip.dataset.CaptionColumns;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.ExampleSets;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The data that a command learns from. */
@HelpSection.In(HelpSection.INPUT)
final class DataOption {
    @Parameters(
            paramLabel = "DATA",
            description =
                    "A folder of images with a captions.jsonl, a .csv or .tsv table, or tar files of WebDataset: a folder of them, one, or"
                            + " a pattern such as data/{00000..00287}.tar.")
    private String name = "";

    @Option(
            names = "--caption-columns",
            split = ",",
            paramLabel = "NAME",
            description =
                    "Columns or keys with captions, such as shortSV_captions,longSV_captions (default: caption, text, txt, title and"
                            + " what ends in _caption or _captions).")
    private List<String> columns = List.of();

    /** Opens it, and says what of it is not used. */
    ExampleSet open(Terminal terminal) {
        ExampleSet set = ExampleSets.open(name, columns());
        set.notes().forEach(terminal::remark);
        return set;
    }

    CaptionColumns columns() {
        return new CaptionColumns(new LinkedHashSet<>(columns));
    }
}
