package io.llm2clip.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code llm2clip similarity}. */
@Command(
        name = "similarity",
        mixinStandardHelpOptions = true,
        description = "Compare an image with captions: cosines, and probabilities relative to the captions given.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip similarity kite.jpg \"a red kite above a lake\" \"a house in the snow\"")
final class SimilarityCommand extends ComputingCommand {
    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(index = "0", paramLabel = "IMAGE", description = "An image file.")
    private Path image = Path.of("");

    @Parameters(index = "1", arity = "1..*", paramLabel = "CAPTION", description = "Captions to compare.")
    private List<String> captions = List.of();

    @Mixin
    private Terminal terminal = new Terminal();

    /** {@code probability} is null where there is nothing to choose from. */
    private record Score(
            String caption,
            float cosine,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Double probability) {}

    private record Result(String image, float logitScale, List<Score> captions) {}

    @Override
    public void run() {
        if (!Files.exists(image) || Files.isDirectory(image)) {
            throw new InputException("There is no image file %s; give the path of one.".formatted(image));
        }
        try (Llm2Clip loaded = model.load(device().execution())) {
            TextEmbeddings texts = loaded.textEmbeddings(captions);
            terminal.cut(texts.cut(), captions.size(), loaded.maxTextLength());
            float[] cosines = loaded.similarity(List.of(image), texts)[0];
            Result result = new Result(image.toString(), loaded.logitScale(), scores(cosines, loaded.logitScale()));
            if (terminal.json()) {
                terminal.printJson(result);
            } else {
                table(result.captions);
            }
        }
    }

    private void table(List<Score> scores) {
        boolean several = scores.size() > 1;
        terminal.print(several ? "cosine  probability  caption" : "cosine  caption");
        for (Score score : scores) {
            String probability =
                    score.probability == null ? "" : String.format(Locale.ROOT, "%9.1f %%  ", 100 * score.probability);
            terminal.print(String.format(
                    Locale.ROOT, "%6.3f  %s%s", score.cosine, probability, LineFormat.escape(score.caption)));
        }
        terminal.hint(
                several
                        ? "Probabilities are relative to the captions given: one of them gets most even if none describes the image."
                        : "Probabilities are relative to the captions given; give several to have them.");
    }

    /** Best first; the probabilities are the softmax of the scaled cosines. */
    private List<Score> scores(float[] cosines, float scale) {
        double total = 0;
        for (float cosine : cosines) {
            // A cosine is at most 1, so less 1 no exponential is too large.
            total += Math.exp(scale * (cosine - 1));
        }
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < cosines.length; i++) {
            Double probability = cosines.length == 1 ? null : Math.exp(scale * (cosines[i] - 1)) / total;
            scores.add(new Score(captions.get(i), cosines[i], probability));
        }
        scores.sort(Comparator.comparingDouble((Score score) -> -score.cosine));
        return scores;
    }
}
