package io.llm2clip.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.llm2clip.Llm2Clip;
import io.llm2clip.TextEmbeddings;
import io.llm2clip.data.InputException;
import io.llm2clip.model.Probabilities;
import io.llm2clip.model.Probabilities.Sigmoid;
import io.llm2clip.model.Probabilities.Softmax;
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
        description = {
            "Compare an image with captions: cosines, and the probabilities that the model makes of them.",
            "Those of CLIP and LLM2CLIP are relative to the captions given (a softmax), those of SigLIP are each caption's own (a"
                    + " sigmoid)."
        },
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

    private record Result(
            String image,
            float logitScale,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Float logitBias,

            String probabilities,
            List<Score> captions) {
        static Result of(String image, Probabilities probabilities, List<Score> scores) {
            Float bias = probabilities instanceof Sigmoid sigmoid ? sigmoid.bias() : null;
            return new Result(image, probabilities.scale(), bias, probabilities.kind(), scores);
        }
    }

    @Override
    public void run() {
        if (!Files.exists(image) || Files.isDirectory(image)) {
            throw new InputException("There is no image file %s; give the path of one.".formatted(image));
        }
        try (Llm2Clip loaded = model.load(device().execution())) {
            float[] cosines = loaded.similarity(List.of(image), () -> embedded(loaded))[0];
            Probabilities probabilities = loaded.probabilities();
            List<Score> scores = scores(cosines, probabilities);
            if (terminal.json()) {
                printJson(terminal, Result.of(image.toString(), probabilities, scores));
            } else {
                table(scores);
                terminal.hint(hint(probabilities));
            }
        }
    }

    private TextEmbeddings embedded(Llm2Clip loaded) {
        TextEmbeddings texts = loaded.textEmbeddings(captions);
        terminal.cut(texts.cut(), captions.size(), loaded.maxTextLength());
        return texts;
    }

    private void table(List<Score> scores) {
        boolean with = scores.getFirst().probability != null;
        terminal.print(with ? "cosine  probability  caption" : "cosine  caption");
        for (Score score : scores) {
            String probability = score.probability == null ? "" : Percent.text(score.probability, 9) + "  ";
            terminal.print(String.format(
                    Locale.ROOT, "%6.3f  %s%s", score.cosine, probability, LineFormat.escape(score.caption)));
        }
    }

    private String hint(Probabilities probabilities) {
        return switch (probabilities) {
            case Sigmoid _ ->
                "Probabilities are each caption's own: whether it describes the image, whatever other captions are given.";
            case Softmax _
            when captions.size() > 1 ->
                "Probabilities are relative to the captions given: one of them gets most even if none describes the image.";
            case Softmax _ -> "Probabilities are relative to the captions given; give several to have them.";
        };
    }

    /** Best first. */
    private List<Score> scores(float[] cosines, Probabilities probabilities) {
        double[] probable = probabilities.of(cosines);
        // One caption is all there is to choose from.
        boolean nothing = probabilities instanceof Softmax && cosines.length == 1;
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < cosines.length; i++) {
            scores.add(new Score(captions.get(i), cosines[i], nothing ? null : Double.valueOf(probable[i])));
        }
        scores.sort(Comparator.comparingDouble((Score score) -> -score.cosine));
        return scores;
    }
}
