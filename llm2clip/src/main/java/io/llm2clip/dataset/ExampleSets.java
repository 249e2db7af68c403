package io.llm2clip.dataset;

import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Opens whatever a user names. */
public final class ExampleSets {
    private static final Pattern KARPATHY =
            Pattern.compile("(.*\\.json)(?::([\\w-]+(?:,[\\w-]+)*))?", Pattern.CASE_INSENSITIVE);

    private ExampleSets() {}

    /**
     * Opens a folder with a captions.jsonl; a table ({@code .csv}, {@code .tsv}, {@code .jsonl}); Parquet or tar files: a folder of them,
     * one, or a pattern such as {@code data/{00000..00287}.tar}; or a JSON file of Karpathy's with the splits that are wanted, such as
     * {@code dataset_coco.json:val,test}, where nothing is said {@link KarpathySplits#TRAINING}.
     *
     * @param columns which columns or keys are captions, where there are any
     * @throws InputException if it is none of these or cannot be used
     */
    public static ExampleSet open(String name, CaptionColumns columns) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".parquet")) {
            return ParquetTable.open(name, ShardFiles.of(name, ExampleSets::isParquet), columns);
        }
        if (name.contains("{") || lower.endsWith(".tar") || lower.endsWith(".tgz") || lower.contains(".tar.")) {
            return WebDataset.open(name, columns);
        }
        if (lower.endsWith(".csv") || lower.endsWith(".tsv")) {
            return CaptionTable.open(path(name), columns);
        }
        if (lower.endsWith(".jsonl")) {
            return JsonLinesTable.open(path(name), columns);
        }
        Matcher karpathy = KARPATHY.matcher(name);
        if (karpathy.matches()) {
            Set<String> splits = karpathy.group(2) == null
                    ? KarpathySplits.TRAINING
                    : Set.copyOf(List.of(karpathy.group(2).split(",")));
            return KarpathySplits.open(path(karpathy.group(1)), splits);
        }
        return folder(name, columns);
    }

    private static ExampleSet folder(String name, CaptionColumns columns) {
        Path folder = path(name);
        if (name.isBlank() || !Files.isDirectory(folder)) {
            throw new InputException(
                    "%s is no data set; expected a folder with a %s, with tar or with Parquet files, a .csv, .tsv, .jsonl, .parquet or .tar file, Karpathy's .json, or a pattern such as data/{00000..00287}.tar."
                            .formatted(name.isBlank() ? "'" + name + "'" : name, CaptionedImages.CAPTIONS));
        }
        if (Files.isRegularFile(folder.resolve(CaptionedImages.CAPTIONS))) {
            return CaptionFolder.open(folder);
        }
        if (!ShardFiles.in(folder, TarShard::isName).isEmpty()) {
            return WebDataset.open(name, columns);
        }
        List<Path> tables = ShardFiles.in(folder, ExampleSets::isParquet);
        return tables.isEmpty() ? CaptionFolder.open(folder) : ParquetTable.open(name, tables, columns);
    }

    private static boolean isParquet(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(".parquet");
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new InputException("%s is no path (%s).".formatted(name, e.getReason()), e);
        }
    }
}
