package io.llm2clip.cli;

import io.llm2clip.FolderRetrieval;
import io.llm2clip.Llm2Clip;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.progress.Quantity;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code llm2clip eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = "Measure how well a model finds images by captions and captions by images.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip eval my-images --model my-model")
final class EvalCommand extends ComputingCommand {
    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(paramLabel = "DIR", description = "A folder of images with a captions.jsonl.")
    private Path folder = Path.of("");

    @Mixin
    private Terminal terminal = new Terminal();

    private record Result(
            int images,
            int captions,
            int skippedImages,
            int skippedLines,
            int cutCaptions,
            RetrievalReport retrieval,
            Map<String, CaptionRetrieval.Score> captionRetrievalAccuracy) {}

    @Override
    public void run() {
        CaptionedImages data = CaptionedImages.open(folder);
        try (Llm2Clip loaded = model.load(device().execution())) {
            FolderRetrieval found = FolderRetrieval.of(loaded, data, terminal.progress());
            terminal.skipped(found.data(), found.broken());
            terminal.cut(found.cutCaptions(), found.captions(), loaded.maxTextLength());
            Map<String, CaptionRetrieval.Score> accuracy =
                    found.captionRetrieval().scores();
            RetrievalReport retrieval = RetrievalReport.of(found.metrics());
            if (terminal.json()) {
                terminal.printJson(new Result(
                        found.images(),
                        found.captions(),
                        found.broken().size(),
                        found.data().skipped(),
                        found.cutCaptions(),
                        retrieval,
                        accuracy));
                return;
            }
            terminal.print(Quantity.of(found.images(), "image") + ", " + Quantity.of(found.captions(), "caption"));
            terminal.print(retrieval.table());
            if (!accuracy.isEmpty()) {
                terminal.print("caption retrieval accuracy, mean of both directions");
            }
            accuracy.forEach((pairing, score) -> terminal.print(String.format(
                    Locale.ROOT,
                    "  %-26s %5.1f %%, among %d images",
                    CaptionRetrieval.name(pairing),
                    100 * score.accuracy(),
                    score.images())));
        }
    }
}
