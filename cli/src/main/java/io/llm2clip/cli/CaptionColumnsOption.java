package io.llm2clip.cli;

import io.llm2clip.dataset.CaptionColumns;
import java.util.LinkedHashSet;
import java.util.List;
import picocli.CommandLine.Option;

/** Which columns of data are captions. */
@HelpSection.In(HelpSection.INPUT)
final class CaptionColumnsOption {
    @Option(
            names = "--caption-columns",
            split = ",",
            paramLabel = "NAME",
            description =
                    "Columns or keys with captions, such as shortSV_captions,longSV_captions (default: caption, text, txt, title and"
                            + " what ends in _caption or _captions).")
    private List<String> columns = List.of();

    CaptionColumns columns() {
        return new CaptionColumns(new LinkedHashSet<>(columns));
    }
}
