package io.llm2clip.cli;

import io.llm2clip.data.StoredFloats;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.progress.Quantity;
import io.llm2clip.training.CaptionCacheJob;
import io.llm2clip.training.TextVectors;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code llm2clip cache-text}. */
@Command(
        name = "cache-text",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Compute the vectors of a data set's captions ahead of stage 2, resumably, in one process or several.",
            "Captions that the store has are not computed again, nor equal ones twice."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip cache-text my-images --text my-text --vectors my-vectors --part 2/4")
final class CacheTextCommand extends ComputingCommand {
    @Mixin
    private DataOption data = new DataOption();

    @Mixin
    private TextEncoderOption text = new TextEncoderOption();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--vectors",
            required = true,
            paramLabel = "DIR",
            description = "Receives the vectors, or adds to those there; 'train clip --vectors' reads them.")
    private Path vectors = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--part",
            paramLabel = "K/N",
            converter = PartConverter.class,
            description =
                    "Compute the K-th of N shares of the data; the others may run at the same time. Whoever opens the store next has them"
                            + " all.")
    private VectorPart part = VectorPart.WHOLE;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--store",
            paramLabel = "TYPE",
            description =
                    "As what values are stored: F32, or F16, which takes half the disk and keeps 11 bits (default: what the store has, or"
                            + " F32).")
    private @Nullable StoredFloats type;

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--stored-vectors",
            description =
                    "Take vectors from *_text_embeddings.tar beside the tar files where they have them; they must be of this text"
                            + " encoder, which nothing in them tells.")
    private boolean stored;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    /** Reads {@code 2/4}. */
    static final class PartConverter implements ITypeConverter<VectorPart> {
        private static final Pattern PART = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

        @Override
        public VectorPart convert(String value) {
            Matcher part = PART.matcher(value);
            if (!part.matches()) {
                throw new TypeConversionException("'%s' is no share; expected K/N, such as 2/4".formatted(value));
            }
            try {
                return new VectorPart(Integer.parseInt(part.group(1)), Integer.parseInt(part.group(2)));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'%s' is no share; expected K from 1 to N".formatted(value));
            }
        }
    }

    private record Report(
            List<String> data,
            long examples,
            long captions,
            long computed,
            long taken,
            long stored,
            long skippedExamples,
            long cutCaptions,
            String vectors) {}

    @Override
    public void run() {
        List<ExampleSet> sets = data.open(terminal);
        CaptionCacheJob.Result result = new CaptionCacheJob(
                        sets,
                        text.path(),
                        vectors,
                        part,
                        Optional.ofNullable(type),
                        stored,
                        specialTokens.choice(),
                        device().execution())
                .run(terminal.progress());
        TextVectors.Filled filled = result.filled();
        terminal.skipped(filled.reasons(), filled.skipped(), filled.examples(), "example");
        terminal.cut(filled.cut(), filled.captions());
        if (terminal.json()) {
            printJson(
                    terminal,
                    new Report(
                            sets.stream().map(ExampleSet::name).toList(),
                            filled.examples(),
                            filled.captions(),
                            filled.computed(),
                            filled.taken(),
                            result.vectors(),
                            filled.skipped(),
                            filled.cut(),
                            vectors.toString()));
        } else {
            terminal.print("%s of %s: %,d computed, %s%,d in %s."
                    .formatted(
                            Quantity.of(filled.captions(), "caption"),
                            Quantity.of(filled.examples(), "example"),
                            filled.computed(),
                            stored ? "%,d taken, ".formatted(filled.taken()) : "",
                            result.vectors(),
                            vectors));
        }
    }
}
