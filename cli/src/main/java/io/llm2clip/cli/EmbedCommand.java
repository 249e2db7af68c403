package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Item;
import io.llm2clip.embedding.EmbeddingJob;
import io.llm2clip.embedding.ItemCounts;
import io.llm2clip.embedding.ItemTarget;
import io.llm2clip.embedding.VectorFile;
import io.llm2clip.embedding.VectorOutput;
import io.llm2clip.embedding.VectorType;
import io.llm2clip.embedding.WorkingFile;
import io.llm2clip.image.ImageFormat;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code llm2clip embed}. */
@Command(
        name = "embed",
        mixinStandardHelpOptions = true,
        description = {
            "Embed images and texts into one space: a line per vector of length 1 with the name, a tab and the values.",
            "In names \\\\, \\t, \\n and \\r stand for a backslash, a tab and line ends. With --json a line is"
                    + " {\"image\": \"...\", \"embedding\": [...]} or {\"text\": ...};"
                    + " that of a skipped image is {\"image\": \"...\", \"error\": \"...\"}.",
            "With --out, a run that was interrupted goes on where it ended: give the same command again."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip embed --image photos --out photos.parquet")
final class EmbedCommand extends ComputingCommand {
    @Mixin
    private ModelOption model = new ModelOption();

    @Mixin
    private ItemOptions items = new ItemOptions();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "FILE",
            description =
                    "Write the vectors to a file, in the format of its name: .jsonl or .json (as --json), .tsv or .txt"
                            + " (as without), .npy (NumPy's array; the names of its rows are printed), .parquet (columns key,"
                            + " kind and embedding), .safetensors (tensors embeddings, keys, key_ends and is_text).")
    private @Nullable Path out;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--dtype",
            paramLabel = "f32|f16",
            description = "Type of values in .npy, .parquet and .safetensors (default: f32).")
    private @Nullable VectorType type;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--overwrite",
            description =
                    "Begin anew where an interrupted run left its vectors, also one of another model or other input.")
    private boolean overwrite;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--strict",
            description = "Exit with 1 if an image was skipped or left out; all others are embedded all the same.")
    private boolean strict;

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        items.requireUsage();
        Path to = out;
        VectorFormat format = to == null ? VectorFormat.LINES : BadUsage.unless(spec, () -> VectorFormat.of(to));
        if (spec != null && type != null && !format.isBinary()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--dtype is for .npy, .parquet and .safetensors; name such a file with --out, or leave it out.");
        }
        if (to != null) {
            items.requireNoInput(to);
        }
        ItemOptions.Items input = items.items();
        input.leftOut().forEach(terminal::remark);
        boolean stream = to != null && AtomicFile.isStream(to);
        if (to != null && !stream) {
            AtomicFile.requirePlace(to);
        }
        ItemCounts outcome;
        try (Llm2Clip loaded = model.load(device().execution())) {
            EmbeddingJob job = new EmbeddingJob(loaded, input.sources(), terminal.progress());
            if (to == null) {
                outcome = straight(job, loaded.maxTextLength(), VectorOutputs.printing(terminal));
            } else if (stream) {
                ItemCounts[] written = {ItemCounts.NONE};
                AtomicFile.write(
                        to,
                        channel -> written[0] =
                                straight(job, loaded.maxTextLength(), VectorOutputs.writing(format, channel)));
                outcome = written[0];
            } else {
                outcome = resumable(job, loaded, to, format);
            }
        }
        if (strict && (outcome.skipped() > 0 || !input.leftOut().isEmpty())) {
            throw new InputException(
                    "Not every image was embedded, which --strict makes a failure; mend or remove what is named above.");
        }
    }

    /** Writes vectors as they come. */
    private ItemCounts straight(EmbeddingJob job, int maxTextLength, VectorFile file) {
        ItemCounts[] counts = {ItemCounts.NONE};
        try {
            job.run(new ItemTarget() {
                @Override
                public void embedded(Item item, MemorySegment vector) {
                    counts[0] = counts[0].withVector(item.kind());
                    written(() -> file.add(item, vector));
                }

                @Override
                public void skipped(Item item, String reason) {
                    counts[0] = counts[0].withSkipped(item.kind());
                    terminal.remark("Skipped: " + reason);
                    written(() -> file.skip(item, reason));
                }

                @Override
                public void cut(int count) {
                    counts[0] = counts[0].withCut(count);
                }
            });
            report(counts[0], maxTextLength);
            file.finish();
            return counts[0];
        } catch (IOException e) {
            throw unwritable(e);
        } catch (UncheckedIOException e) {
            throw unwritable(Objects.requireNonNull(e.getCause()));
        }
    }

    private static InputException unwritable(IOException failure) {
        return new InputException("The vectors cannot be written (" + IoReason.of(failure) + ").", failure);
    }

    private interface Writing {
        void run() throws IOException;
    }

    private static void written(Writing writing) {
        try {
            writing.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Collects vectors beside the file, which is written when there are all. */
    private ItemCounts resumable(EmbeddingJob job, Llm2Clip loaded, Path to, VectorFormat format) {
        Fingerprint dependencies = new Fingerprint(EmbeddingJob.dependencies(loaded, model.dependencies()));
        try (WorkingFile rows = WorkingFile.open(to, dependencies, loaded.embeddingSize(), overwrite)) {
            if (rows.rows() > 0) {
                terminal.remark(
                        "Going on behind %s of a run that was interrupted.".formatted(Quantity.of(rows.rows(), "row")));
            }
            boolean done = false;
            try (Terminal.AtInterruption _ = terminal.atInterruption(rows::kept)) {
                job.run(rows, new Skipped());
                done = true;
            } finally {
                if (!done && !rows.kept().isEmpty()) {
                    terminal.remark(rows.kept());
                }
            }
            return publish(rows, loaded, to, format);
        }
    }

    private ItemCounts publish(WorkingFile rows, Llm2Clip loaded, Path to, VectorFormat format) {
        report(rows.counts(), loaded.maxTextLength());
        boolean published = false;
        try {
            VectorOutput.publish(
                    rows,
                    to,
                    (channel, sizes) -> VectorOutputs.writing(
                            format, type == null ? VectorType.F32 : type, channel, loaded.embeddingSize(), sizes));
            published = true;
        } finally {
            if (!published) {
                terminal.remark(rows.kept());
            }
        }
        if (format == VectorFormat.NUMPY) {
            // Behind the file, which is complete without them; but if they go nowhere, the same command gives them
            // again.
            VectorOutput.labels(rows, item -> terminal.print(VectorOutputs.rowName(item, terminal.json())));
        }
        rows.delete();
        return rows.counts();
    }

    /** Says what a run skips, and leaves what it embeds to the rows. */
    private final class Skipped implements ItemTarget {
        @Override
        public void embedded(Item item, MemorySegment vector) {}

        @Override
        public void skipped(Item item, String reason) {
            terminal.remark("Skipped: " + reason);
        }

        @Override
        public void cut(int count) {}
    }

    /**
     * Says what was cut and skipped.
     *
     * @throws InputException if there is not one vector
     */
    private void report(ItemCounts counts, int maxTextLength) {
        terminal.cut(counts.cutTexts(), counts.texts(), maxTextLength);
        if (counts.vectors() == 0) {
            throw new InputException(
                    counts.skippedLines() == 0
                            ? "None of the images can be read; give %s files.".formatted(ImageFormat.NAMES)
                            : "Nothing of the input can be embedded; mend what is named above.");
        }
        if (counts.skippedImages() > 0) {
            terminal.remark("%d of %s skipped."
                    .formatted(counts.skippedImages(), Quantity.of(counts.images() + counts.skippedImages(), "image")));
        }
        if (counts.skippedLines() > 0) {
            terminal.remark(Quantity.of(counts.skippedLines(), "line") + " of the input skipped.");
        }
    }
}
