package io.llm2clip.cli;

import io.llm2clip.dataset.CaptionColumns;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.ExampleSets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The data that a command learns from. */
@HelpSection.In(HelpSection.INPUT)
final class DataOption {
    @Parameters(
            arity = "1..*",
            paramLabel = "DATA",
            description =
                    "A folder of images with a captions.jsonl; a table, .csv, .tsv, .jsonl or .parquet; tar files of WebDataset; a folder"
                            + " of tar or Parquet files, or a pattern such as data/{00000..00287}.tar; Karpathy's dataset_coco.json, with"
                            + " splits as in dataset_coco.json:train,restval, which it has by itself.")
    private List<String> names = List.of();

    @Mixin
    private CaptionColumnsOption columns = new CaptionColumnsOption();

    /** Opens all, and says what of them is not used. */
    List<ExampleSet> open(Terminal terminal) {
        List<ExampleSet> sets = new ArrayList<>();
        for (String name : names) {
            ExampleSet set = ExampleSets.open(name, columns());
            set.notes().forEach(terminal::remark);
            sets.add(set);
        }
        return sets;
    }

    CaptionColumns columns() {
        return columns.columns();
    }
}
