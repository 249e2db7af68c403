package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageCache;
import io.llm2clip.image.ImageFormat;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
            "With --json or in a file, a line is {\"image\": \"...\", \"embedding\": [...]} or {\"text\": ...};"
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

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--out", paramLabel = "FILE.jsonl", description = "Write the vectors to a file.")
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

    private record ImageVector(String image, float[] embedding) {}

    private record ImageError(String image, String error) {}

    private record TextVector(String text, float[] embedding) {}

    private interface Sink {
        /** @param embedding null if there is none */
        void accept(String name, Object line, float @Nullable [] embedding) throws IOException;
    }

    @Override
    public void run() {
        if (spec != null && images.isEmpty() && texts.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "Expected --image or --text.");
        }
        ImageFiles found = ImageFiles.of(images);
        found.leftOut().forEach(terminal::remark);
        List<Path> files = found.files();
        int[] skipped = {0};
        try (Llm2Clip loaded = model.load()) {
            Path file = out;
            if (file == null) {
                skipped[0] = embed(loaded, files, this::print);
            } else {
                AtomicFile.write(file, channel -> {
                    Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
                    skipped[0] = embed(loaded, files, (_, line, _) -> {
                        writer.write(Json.MAPPER.writeValueAsString(line));
                        writer.write('\n');
                    });
                    writer.flush();
                });
            }
        } catch (IOException e) {
            throw new InputException("The vectors cannot be written (" + e.getMessage() + ").", e);
        }
        if (strict && (skipped[0] > 0 || !found.leftOut().isEmpty())) {
            throw new InputException(
                    "Not every image was embedded, which --strict makes a failure; mend or remove what is named above.");
        }
    }

    private void print(String name, Object line, float @Nullable [] embedding) {
        if (terminal.json()) {
            terminal.print(Json.MAPPER.writeValueAsString(line));
        } else if (embedding != null) {
            terminal.print(name + "\t" + values(embedding));
        }
    }

    /** @return the number of images that were skipped */
    private int embed(Llm2Clip model, List<Path> files, Sink sink) throws IOException {
        int skipped = 0;
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
        try (Progress.Phase phase = terminal.progress().begin("texts", texts.size(), "text")) {
            for (int start = 0; start < texts.size(); start += CHUNK) {
                List<String> chunk = texts.subList(start, Math.min(texts.size(), start + CHUNK));
                TextEmbeddings embedded = model.textEmbeddings(chunk, phase);
                float[][] embeddings = embedded.vectors();
                cut += embedded.cut();
                for (int i = 0; i < embeddings.length; i++) {
                    sink.accept(chunk.get(i), new TextVector(chunk.get(i), embeddings[i]), embeddings[i]);
                }
            }
        }
        terminal.cut(cut, texts.size());
        if (skipped > 0) {
            if (skipped == files.size() && texts.isEmpty()) {
                throw new InputException("None of the images can be read; give %s files.".formatted(ImageFormat.NAMES));
            }
            terminal.remark("%d of %s skipped.".formatted(skipped, Quantity.of(files.size(), "image")));
        }
        return skipped;
    }

    /** Hands on the vectors of a chunk, and why there is none, in the order of its files. */
    private void embedded(List<Path> chunk, ImageCache cache, float[][] embeddings, Sink sink) throws IOException {
        Map<Integer, String> reasons = new HashMap<>();
        cache.failures().forEach(failure -> reasons.put(failure.index(), failure.reason()));
        int next = 0;
        for (int i = 0; i < chunk.size(); i++) {
            String name = chunk.get(i).toString();
            String reason = reasons.get(i);
            if (reason == null) {
                sink.accept(name, new ImageVector(name, embeddings[next]), embeddings[next]);
                next++;
            } else {
                terminal.remark("Skipped: " + reason);
                sink.accept(name, new ImageError(name, reason), null);
            }
        }
    }

    private static String values(float[] embedding) {
        StringBuilder text = new StringBuilder();
        for (float value : embedding) {
            text.append(text.isEmpty() ? "" : " ").append(value);
        }
        return text.toString();
    }
}
