package io.llm2clip.cli;

import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.data.ItemFields;
import io.llm2clip.data.ItemSource;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is embedded, wherever it comes from. */
@HelpSection.In(HelpSection.INPUT)
final class ItemOptions {
    @Option(
            names = "--image",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Images, or folders of images. Those that cannot be read are skipped and counted.")
    private List<Path> images = List.of();

    @Option(
            names = "--recursive",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Search folders with all folders below, or not (default: with them).")
    private boolean recursive;

    @Option(
            names = "--images",
            paramLabel = "FILE|-",
            description = "A file with the path of an image per line; - is standard input.")
    private @Nullable Path imageFile;

    @Option(names = "--text", arity = "1..*", paramLabel = "TEXT", description = "Captions.")
    private List<String> texts = List.of();

    @Option(
            names = "--texts",
            paramLabel = "FILE|-",
            description = "A file with a caption per line, in UTF-8; - is standard input.")
    private @Nullable Path textFile;

    @Option(
            names = "--json-lines",
            paramLabel = "FILE|-",
            description = {
                "A file of JSON objects, one per line, with an image, captions or both; - is standard input. Paths count from the"
                        + " folder of the file. Lines that cannot be used are skipped and counted."
            })
    private @Nullable Path jsonFile;

    @Option(
            names = "--image-field",
            paramLabel = "NAME",
            description = "Field of an image's path in JSON lines (default: image).")
    private @Nullable String imageField;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            description =
                    "Field of a caption or a list of them in JSON lines (default: the first that is there of captions, caption"
                            + " and text).")
    private @Nullable String textField;

    @Option(
            names = "--key-field",
            paramLabel = "NAME",
            description =
                    "Field of a string or whole number in JSON lines under which the vectors are given (default: they are given"
                            + " under the path or the caption).")
    private @Nullable String keyField;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    /**
     * What there is to embed.
     *
     * @param sources in the order of the vectors
     * @param leftOut a sentence for each kind of thing that folders hold besides
     */
    record Items(List<ItemSource> sources, List<String> leftOut) {}

    /**
     * Checks the options that name the input, not the input.
     *
     * @throws ParameterException if there is none, or standard input is named twice
     */
    void requireUsage() {
        if (images.isEmpty() && texts.isEmpty() && files().isEmpty()) {
            throw bad("Expected --image, --images, --text, --texts or --json-lines.");
        }
        if (files().stream().filter(TextLines.STANDARD_INPUT::equals).count() > 1) {
            throw bad("Standard input (-) can be read once; give a file for all options but one.");
        }
        if (jsonFile == null && (imageField != null || textField != null || keyField != null)) {
            throw bad("Fields are those of JSON lines; give a file with --json-lines, or leave them out.");
        }
    }

    private ParameterException bad(String sentence) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
    }

    private List<Path> files() {
        return Stream.of(imageFile, textFile, jsonFile).filter(Objects::nonNull).toList();
    }

    /** @throws InputException if the output would replace a file of the input */
    void requireNoInput(Path output) {
        for (Path input : files()) {
            try {
                if (Files.isRegularFile(output) && Files.exists(input) && Files.isSameFile(output, input)) {
                    throw new InputException(
                            "%s: is the file of %s, which its vectors would replace; choose another name for --out."
                                    .formatted(output, optionOf(input)));
                }
            } catch (IOException e) {
                throw new InputException("%s cannot be read (%s).".formatted(input, IoReason.of(e)), e);
            }
        }
    }

    private String optionOf(Path input) {
        if (input.equals(textFile)) {
            return "--texts";
        }
        return input.equals(imageFile) ? "--images" : "--json-lines";
    }

    /**
     * Finds the input; regular files are read once to check them.
     *
     * @throws InputException if something cannot be read
     */
    Items items() {
        List<ItemSource> sources = new ArrayList<>();
        ImageFiles found = ImageFiles.of(images, recursive);
        if (!images.isEmpty()) {
            sources.add(ItemSource.ofImages(found.files()));
        }
        if (imageFile != null) {
            sources.add(ItemSource.ofImageLines(input(imageFile)));
        }
        if (!texts.isEmpty()) {
            sources.add(ItemSource.ofTexts(texts));
        }
        if (textFile != null) {
            sources.add(ItemSource.ofTextLines(input(textFile)));
        }
        if (jsonFile != null) {
            ItemFields usual = ItemFields.USUAL;
            sources.add(ItemSource.ofJsonLines(
                    input(jsonFile),
                    new ItemFields(
                            imageField == null ? usual.image() : imageField,
                            textField == null ? usual.texts() : List.of(textField),
                            keyField)));
        }
        return new Items(sources, found.leftOut());
    }

    private static ItemSource.LineInput input(Path file) {
        return file.equals(TextLines.STANDARD_INPUT)
                ? new ItemSource.LineInput("Standard input", null, System.in)
                : new ItemSource.LineInput(file.toString(), file, System.in);
    }
}
