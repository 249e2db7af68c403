package io.llm2clip.cli;

import io.llm2clip.training.ParameterRules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Parameters that are trained otherwise than the recipe has it; 'llm2clip inspect --tensors' shows the names of a model. */
@HelpSection.In(HelpSection.TRAINING)
final class ParameterOptions {
    @Option(
            names = "--freeze",
            paramLabel = "PATTERN",
            description =
                    "Do not train parameters whose names are like this, * standing for anything, such as 'vision_model.*' for the"
                            + " whole vision tower; may be repeated.")
    private List<String> freeze = new ArrayList<>();

    @Option(
            names = "--rate",
            paramLabel = "PATTERN=FACTOR",
            description =
                    "Multiply the learning rate of parameters whose names are like this, such as 'text_adapter.*=10'; may be"
                            + " repeated, the first that fits applies.")
    private Map<String, Float> rates = new LinkedHashMap<>();

    ParameterRules rules() {
        return new ParameterRules(freeze, rates);
    }
}
