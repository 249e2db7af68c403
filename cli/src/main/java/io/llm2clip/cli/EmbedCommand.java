package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import io.llm2clip.data.FileNames;
import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageCache;
import io.llm2clip.image.ImageFormat;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    /** Files and texts in memory at a time. */
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
        try (Llm2Clip loaded = model.load()) {
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
            Progress.Phase readAndEmbedded = new Passes(phase, 2);
            for (int start = 0; start < files.size(); start += CHUNK) {
                List<Path> chunk = files.subList(start, Math.min(files.size(), start + CHUNK));
                ImageCache cache = model.readImages(chunk, readAndEmbedded);
                float[][] embeddings = model.embedImages(cache, readAndEmbedded);
                embedded(chunk, cache, embeddings, sink);
                skipped += cache.failures().size();
            }
        }
        int cut = 0;
        try (Progress.Phase phase = terminal.progress().begin("texts", captions.size(), "text")) {
            for (int start = 0; start < captions.size(); start += CHUNK) {
                List<String> chunk = captions.subList(start, Math.min(captions.size(), start + CHUNK));
                TextEmbeddings embedded = model.textEmbeddings(chunk, phase);
                float[][] embeddings = embedded.vectors();
                cut += embedded.cut();
                for (int i = 0; i < embeddings.length; i++) {
                    sink.accept("text", chunk.get(i), embeddings[i]);
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

    /** Hands on the vectors of a chunk, and why there is none, in the order of its files. */
    private void embedded(List<Path> chunk, ImageCache cache, float[][] embeddings, VectorSink sink)
            throws IOException {
        Map<Integer, String> reasons = new HashMap<>();
        cache.failures().forEach(failure -> reasons.put(failure.index(), failure.reason()));
        int next = 0;
        for (int i = 0; i < chunk.size(); i++) {
            String name = chunk.get(i).toString();
            String reason = reasons.get(i);
            if (reason == null) {
                sink.accept("image", name, embeddings[next]);
                next++;
            } else {
                skip(name, reason, sink);
            }
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
