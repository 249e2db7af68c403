package io.llm2clip.training;

import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.CaptionFolder;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.report.Gallery;
import io.llm2clip.training.run.NextCommand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/** What to try the output of a training with, on its own data as far as they fit. */
final class NextCommands {
    /** Captions that an image is compared with. */
    private static final int CAPTIONS = 3;

    private NextCommands() {}

    /** Of a language model that stage 1 takes. */
    static List<NextCommand> ofMntp(Path out, List<DataSource> sources) {
        List<NextCommand> commands = new ArrayList<>();
        // Others may need options that say which of their columns are captions.
        List<String> texts = sources.stream()
                .map(source -> source.set().name())
                .filter(name -> name.endsWith(".jsonl"))
                .toList();
        if (texts.size() == sources.size()) {
            commands.add(NextCommand.of(
                    "Stage 1 on the same texts",
                    Stream.of(
                                    Stream.of("train", "caption"),
                                    texts.stream(),
                                    Stream.of("--llm", out.toString(), "--out", out + "-text"))
                            .flatMap(words -> words)
                            .toArray(String[]::new)));
        }
        commands.add(inspect(out));
        return commands;
    }

    /** Of a text encoder that stage 2 takes. */
    static List<NextCommand> ofCaption(Path out, List<DataSource> sources) {
        List<NextCommand> commands = new ArrayList<>();
        List<String> folders = sources.stream()
                .map(source -> imagesBeside(source.set().name()))
                .flatMap(Optional::stream)
                .map(Path::toString)
                .toList();
        commands.add(NextCommand.of(
                folders.isEmpty()
                        ? "Stage 2, on images with captions of your own in the place of my-images"
                        : "Stage 2, on the images of these captions",
                Stream.of(
                                Stream.of("train", "clip"),
                                folders.isEmpty() ? Stream.of("my-images") : folders.stream(),
                                Stream.of("--text", out.toString(), "--out", out + "-model"))
                        .flatMap(words -> words)
                        .toArray(String[]::new)));
        commands.add(inspect(out));
        return commands;
    }

    /** The folder that a file of captions is of, if their images are there. */
    private static Optional<Path> imagesBeside(String file) {
        if (!file.endsWith(CaptionedImages.CAPTIONS)) {
            return Optional.empty();
        }
        Path folder = Path.of(file).getParent();
        try {
            return Optional.of(Path.of(
                    CaptionFolder.open(folder == null ? Path.of(".") : folder).name()));
        } catch (InputException e) {
            // Images need not be there, or be of every line.
            return Optional.empty();
        }
    }

    /**
     * Of a model.
     *
     * @param picture the file of an image of the gallery
     */
    static List<NextCommand> ofClip(Path out, Validation validation, Gallery gallery, IntFunction<Path> picture) {
        List<NextCommand> commands = new ArrayList<>();
        similarity(out, gallery, picture).ifPresent(commands::add);
        if (validation instanceof Validation.Data held
                && held.path().resolve(CaptionedImages.CAPTIONS).toFile().isFile()) {
            commands.add(NextCommand.of(
                    "All figures of the held-out images",
                    "eval",
                    held.path().toString(),
                    "--model",
                    out.toString(),
                    "--report",
                    out + "-eval.html"));
        }
        commands.add(inspect(out));
        return commands;
    }

    /** One of the images that were found, with its caption and those of others. */
    private static Optional<NextCommand> similarity(Path out, Gallery gallery, IntFunction<Path> picture) {
        List<Integer> queries = gallery.searches().strata().stream()
                .flatMap(stratum -> stratum.searches().stream())
                .map(Searches.Search::query)
                .toList();
        int right = gallery.target().applyAsInt(queries.getFirst());
        if (gallery.item().apply(right).picture().isEmpty()) {
            return Optional.empty();
        }
        List<String> captions = Stream.concat(
                        queries.stream().limit(1),
                        queries.stream().filter(query -> gallery.target().applyAsInt(query) != right))
                .map(gallery.query()::apply)
                .distinct()
                .limit(CAPTIONS)
                .toList();
        return Optional.of(NextCommand.of(
                "A held-out image, with its caption first and then those of others",
                Stream.concat(
                                Stream.of(
                                        "similarity",
                                        "--model",
                                        out.toString(),
                                        picture.apply(right).toString()),
                                captions.stream())
                        .toArray(String[]::new)));
    }

    private static NextCommand inspect(Path out) {
        return NextCommand.of("What it consists of", "inspect", out.toString());
    }
}
