package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FileNames;
import io.llm2clip.data.ImageFiles;
import io.llm2clip.data.InputException;
import io.llm2clip.model.Probabilities.Sigmoid;
import io.llm2clip.model.Probabilities.Softmax;
import io.llm2clip.nn.Limit;
import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import io.llm2clip.zeroshot.ClassificationAccuracy;
import io.llm2clip.zeroshot.Label;
import io.llm2clip.zeroshot.PromptTemplates;
import io.llm2clip.zeroshot.ZeroShotClassifier;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code llm2clip classify}. */
@Command(
        name = "classify",
        mixinStandardHelpOptions = true,
        description = {
            "Classify images by labels in words, without training: each label's cosine, and its probability, relative to the"
                    + " other labels, or with a SigLIP its own.",
            "A label's vector is the mean of those of its prompts, as in CLIP."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip classify my-photos --labels \"cat,dog,hot-air balloon\"")
@HelpSection.In(HelpSection.INPUT)
final class ClassifyCommand extends ComputingCommand {
    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(
            arity = "1..*",
            paramLabel = "IMAGE",
            description = "Images, or folders of images. Those that cannot be read are skipped and counted.")
    private List<Path> images = List.of();

    @Option(
            names = "--labels",
            required = true,
            paramLabel = "FILE|A,B,C",
            description =
                    "Labels to choose from, with commas between; or a file with one per line, or with a name, a tab and the"
                            + " words for prompts; - is standard input.")
    private String labels = "";

    @Option(
            names = "--templates",
            paramLabel = "NAME|FILE",
            description = {
                "Prompts around labels: simple (7 by OpenAI), imagenet (OpenAI's 80), photo (\"a photo of a {}.\"), none; or a"
                        + " file with one per line, {} where the label goes (default: ${DEFAULT-VALUE})."
            })
    private String templates = "simple";

    @Option(
            names = "--truth",
            paramLabel = "folders",
            description = "Measure accuracy: the folder that an image is in has the name of its label.")
    private @Nullable Truth truth;

    @HelpSection.In(HelpSection.OUTPUT)
    @Within(Limit.COUNT)
    @Option(names = "--top", paramLabel = "N", description = "Labels shown per image (default: ${DEFAULT-VALUE}).")
    private int top = 5;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--tsv",
            description = "Print a line per image and label: image, rank, label, probability, cosine; tabs between.")
    private boolean tsv;

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    /** Where the right label of an image is found. */
    private enum Truth {
        FOLDERS
    }

    @Override
    public void run() {
        if (spec != null && tsv && terminal.json()) {
            throw new ParameterException(spec.commandLine(), "--tsv and --json are two formats; choose one.");
        }
        List<Label> choice = labels();
        PromptTemplates prompts = templates();
        ImageFiles found = ImageFiles.of(images);
        found.leftOut().forEach(terminal::remark);
        List<Path> files = found.files();
        files.forEach(file -> FileNames.requireAsWritten(file.toString()));
        FolderTruth folders = truth == null ? null : new FolderTruth(choice, files);
        try (Llm2Clip loaded = model.load(device().execution())) {
            ZeroShotClassifier classifier = ZeroShotClassifier.of(loaded, choice, prompts, terminal.progress());
            terminal.cut(classifier.cutPrompts(), classifier.prompts(), loaded.maxTextLength());
            ClassifyOutput output = ClassifyOutput.of(terminal, tsv, top, classifier.probabilities(), precision());
            int[] skipped = {0};
            try (Progress.Phase phase = terminal.progress().begin("images", files.size(), "image")) {
                classifier.classify(
                        loaded.images(files),
                        (index, scores) -> {
                            Path file = files.get(index);
                            output.image(file.toString(), folders == null ? null : folders.add(file, scores), scores);
                        },
                        failure -> {
                            skipped[0]++;
                            terminal.remark("Skipped: " + failure.reason());
                            output.skipped(files.get(failure.index()).toString(), failure.reason());
                        },
                        phase);
            }
            if (skipped[0] == files.size()) {
                throw new InputException("None of the images can be read; see above for the reasons.");
            }
            if (skipped[0] > 0) {
                terminal.remark("%d of %s skipped.".formatted(skipped[0], Quantity.of(files.size(), "image")));
            }
            if (folders != null) {
                ClassificationAccuracy accuracy = folders.accuracy();
                folders.unlabeled().ifPresent(terminal::remark);
                output.accuracy(accuracy, choice.size());
            }
            terminal.hint(
                    switch (classifier.probabilities()) {
                        case Softmax _ ->
                            "Probabilities are relative to the labels given: one of them gets most even if none fits.";
                        case Sigmoid _ ->
                            "Probabilities are each label's own: whether it fits, whatever other labels are given.";
                    });
        }
    }

    private List<Label> labels() {
        if (labels.equals(TextLines.STANDARD_INPUT.toString())) {
            return Label.parse("Standard input", TextLines.read(TextLines.STANDARD_INPUT, System.in));
        }
        Path file = file(labels);
        if (file != null) {
            return Label.parse(labels, TextLines.read(file, System.in));
        }
        if (!labels.contains(",")) {
            throw new InputException(
                    "The labels '%s': there is no such file, and a list has commas between its labels; correct the path, or give two labels at least."
                            .formatted(labels));
        }
        return Label.parseList(labels);
    }

    private PromptTemplates templates() {
        return switch (templates) {
            case "none" -> PromptTemplates.NONE;
            case "photo" -> PromptTemplates.PHOTO;
            case "simple" -> PromptTemplates.SIMPLE;
            case "imagenet" -> PromptTemplates.IMAGENET;
            default -> {
                Path file = file(templates);
                if (file == null) {
                    throw new InputException(
                            "The templates '%s': expected simple, imagenet, photo, none or a file, found none of these; correct the path."
                                    .formatted(templates));
                }
                yield PromptTemplates.parse(templates, TextLines.read(file, System.in));
            }
        };
    }

    /** What a name stands for if it is that of a file. */
    private static @Nullable Path file(String name) {
        try {
            Path path = Path.of(name);
            return Files.exists(path) ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }
}
