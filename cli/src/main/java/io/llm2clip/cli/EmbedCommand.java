package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FileNames;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageFormat;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
                    + " that of a skipped image is {\"image\": \"...\", \"error\": \"...\"}."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip embed --image photos --out photos.jsonl")
@HelpSection.In(HelpSection.INPUT)
final class EmbedCommand extends ComputingCommand {
    /** Texts in memory at a time. */
    private static final int CHUNK = 256;

    @Mixin
    private ModelOption model = new ModelOption();

    @Option(
            names = "--image",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Images, or folders of images. Those that cannot be read are skipped and counted.")
    private List<Path> images = List.of();

    @Option(names = "--text", arity = "1..*", paramLabel = "TEXT", description = "Captions.")
    private List<String> texts = List.of();

    @Option(
            names = "--texts",
            paramLabel = "FILE|-",
            description = "A file with a caption per line, in UTF-8; - is standard input.")
    private @Nullable Path textFile;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "FILE",
            description =
                    "Write the vectors to a file, in the format of its name: .jsonl or .json (as --json), .tsv or .txt"
                            + " (as without), .npy (NumPy's array of f32; the names of its rows are printed).")
    private @Nullable Path out;

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
        if (spec != null && images.isEmpty() && texts.isEmpty() && textFile == null) {
            throw new ParameterException(spec.commandLine(), "Expected --image, --text or --texts.");
        }
        Path to = out;
        VectorFormat format = to == null ? VectorFormat.LINES : BadUsage.unless(spec, () -> VectorFormat.of(to));
        requireNoInput(to);
        List<String> captions = captions();
        ImageFiles found = ImageFiles.of(images);
        found.leftOut().forEach(terminal::remark);
        List<Path> files = found.files();
        int[] skipped = {0};
        files.forEach(file -> FileNames.requireAsWritten(file.toString()));
        try {
            if (to == null) {
                skipped[0] = embed(files, captions, _ -> VectorSink.printing(terminal));
            } else {
                AtomicFile.write(
                        to,
                        channel -> skipped[0] = embed(
                                files,
                                captions,
                                dimension -> VectorSink.writing(format, channel, dimension, terminal)));
            }
        } catch (IOException e) {
            throw new InputException("The vectors cannot be written (" + IoReason.of(e) + ").", e);
        }
        if (strict && (skipped[0] > 0 || !found.leftOut().isEmpty())) {
            throw new InputException(
                    "Not every image was embedded, which --strict makes a failure; mend or remove what is named above.");
        }
    }

    private List<String> captions() {
        List<String> captions = new ArrayList<>(texts);
        if (textFile != null) {
            captions.addAll(TextLines.read(textFile, System.in));
        }
        return captions;
    }

    private void requireNoInput(@Nullable Path file) {
        try {
            if (file != null
                    && textFile != null
                    && Files.isRegularFile(file)
                    && Files.exists(textFile)
                    && Files.isSameFile(file, textFile)) {
                throw new InputException(
                        "%s: is the file of --texts, which its vectors would replace; choose another name for --out."
                                .formatted(file));
            }
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
        }
    }

    private interface Opening {
        /** @param dimension E, of all vectors */
        VectorSink open(int dimension) throws IOException;
    }

    /** @return the number of images that were skipped */
    private int embed(List<Path> files, List<String> captions, Opening opening) throws IOException {
        try (Llm2Clip loaded = model.load(device().execution())) {
            VectorSink sink = opening.open(loaded.embeddingSize());
            int skipped = embed(loaded, files, captions, sink);
            sink.finish();
            return skipped;
        }
    }

    private int embed(Llm2Clip model, List<Path> all, List<String> captions, VectorSink sink) throws IOException {
        List<Path> files = named(all, sink);
        int skipped = all.size() - files.size();
        try (Progress.Phase phase = terminal.progress().begin("images", files.size(), "image")) {
            skipped += embedImages(model, files, sink, phase);
        }
        int cut = 0;
        try (Progress.Phase phase = terminal.progress().begin("texts", captions.size(), "text")) {
            FloatMatrix embeddings = FloatMatrix.allocate(Math.min(CHUNK, captions.size()), model.embeddingSize());
            for (int start = 0; start < captions.size(); start += CHUNK) {
                List<String> chunk = captions.subList(start, Math.min(captions.size(), start + CHUNK));
                cut += model.embedTexts(chunk, embeddings.slice(0, chunk.size()), phase);
                for (int i = 0; i < chunk.size(); i++) {
                    sink.accept("text", chunk.get(i), embeddings.row(i));
                }
            }
        }
        terminal.cut(cut, captions.size());
        if (skipped > 0) {
            if (skipped == all.size() && captions.isEmpty()) {
                throw new InputException("None of the images can be read; give %s files.".formatted(ImageFormat.NAMES));
            }
            terminal.remark("%d of %s skipped.".formatted(skipped, Quantity.of(all.size(), "image")));
        }
        return skipped;
    }

    /** @return the number of images that were skipped */
    private int embedImages(Llm2Clip model, List<Path> files, VectorSink sink, Progress.Phase phase)
            throws IOException {
        int[] skipped = {0};
        try {
            model.embedImages(
                    model.images(files),
                    (index, vector) ->
                            written(() -> sink.accept("image", files.get(index).toString(), vector)),
                    failure -> {
                        skipped[0]++;
                        written(() -> skip(files.get(failure.index()).toString(), failure.reason(), sink));
                    },
                    phase);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return skipped[0];
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

    /** The files whose vectors can be told by their names. */
    private List<Path> named(List<Path> files, VectorSink sink) throws IOException {
        List<Path> named = new ArrayList<>();
        for (Path file : files) {
            String name = file.toString();
            if (FileNames.isText(name)) {
                named.add(file);
            } else {
                skip(name, "The name of %s is not UTF-8; rename it.".formatted(name), sink);
            }
        }
        return named;
    }

    private void skip(String image, String reason, VectorSink sink) throws IOException {
        terminal.remark("Skipped: " + reason);
        sink.skip(image, reason);
    }
}
