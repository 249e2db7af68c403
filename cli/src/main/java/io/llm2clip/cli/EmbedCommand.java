package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageCache;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
            "With --json or in a file, a line is {\"image\": \"...\", \"embedding\": [...]} or {\"text\": ...}."
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

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    private record ImageVector(String image, float[] embedding) {}

    private record TextVector(String text, float[] embedding) {}

    private interface Sink {
        void accept(String name, Object line, float[] embedding) throws IOException;
    }

    @Override
    public void run() {
        if (spec != null && images.isEmpty() && texts.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "Expected --image or --text.");
        }
        List<Path> files = ImageFiles.of(images);
        try (Llm2Clip loaded = model.load()) {
            Path file = out;
            if (file == null) {
                embed(loaded, files, this::print);
            } else {
                AtomicFile.write(file, channel -> {
                    Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
                    embed(loaded, files, (_, line, _) -> {
                        writer.write(Json.MAPPER.writeValueAsString(line));
                        writer.write('\n');
                    });
                    writer.flush();
                });
            }
        } catch (IOException e) {
            throw new InputException("The vectors cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private void print(String name, Object line, float[] embedding) {
        terminal.print(terminal.json() ? Json.MAPPER.writeValueAsString(line) : name + "\t" + values(embedding));
    }

    private void embed(Llm2Clip model, List<Path> files, Sink sink) throws IOException {
        int skipped = 0;
        try (Progress.Phase phase = terminal.progress().begin("images", files.size(), "image")) {
            Progress.Phase readAndEmbedded = new Passes(phase, 2);
            for (int start = 0; start < files.size(); start += CHUNK) {
                List<Path> chunk = files.subList(start, Math.min(files.size(), start + CHUNK));
                ImageCache cache = model.readImages(chunk, readAndEmbedded);
                float[][] embeddings = model.embedImages(cache, readAndEmbedded);
                int[] usable = cache.usable();
                for (int i = 0; i < usable.length; i++) {
                    String name = chunk.get(usable[i]).toString();
                    sink.accept(name, new ImageVector(name, embeddings[i]), embeddings[i]);
                }
                cache.failures().forEach(failure -> terminal.remark("Skipped: " + failure.reason()));
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
            terminal.remark("%d of %d images skipped.".formatted(skipped, files.size()));
            if (skipped == files.size() && texts.isEmpty()) {
                throw new InputException(
                        "None of the images can be read; give JPEG, PNG, WebP, GIF, BMP or TIFF files.");
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
