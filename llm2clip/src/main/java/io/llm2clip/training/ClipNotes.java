package io.llm2clip.training;

import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Quantity;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.RunSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What stage 2 says of itself: when it begins, in its run's record, and in the model that it saves. */
record ClipNotes(ClipData data, VisionStart vision, ClipTraining.Config training) {
    /** The line that a training begins with. */
    String announcement() {
        return "stage 2, from %s: %s (%s)"
                .formatted(
                        vision.origin(),
                        RecipeNotes.line(training),
                        RecipeNotes.origin(
                                training, vision.recipe(training.steps(), training.seed()), vision.reason()));
    }

    /** All that the bits of the model depend on. */
    RunSettings settings(HeldOutExamples split, ClipTexts texts, Parameters initial, Execution execution) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("start", vision.origin());
        if (vision instanceof VisionStart.FromScratch scratch) {
            settings.putAll(RecipeNotes.of("vision.", scratch.config()));
        }
        settings.putAll(RecipeNotes.of("stage_2.", training));
        settings.put("data", data.mix().digest());
        settings.putAll(RecipeNotes.of("data.", data.choices()));
        settings.put(
                "validation",
                switch (data.validation()) {
                    case Validation.Share share -> "1 in " + share.every();
                    case Validation.Data _ -> split.measured().digest();
                });
        settings.put("exif_orientation", Boolean.toString(data.reader().exifOrientation()));
        texts.choice().ifPresent(strategy -> settings.put("strategy", strategy.toString()));
        texts.parts().forEach(part -> settings.putAll(part.settings()));
        settings.put("initial_parameters", initial.digest());
        settings.putAll(RecipeNotes.of(execution));
        return new RunSettings(settings);
    }

    /** What its report says besides. */
    Map<String, String> about(Path out, HeldOutExamples split) {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("output", out.toString());
        about.put("learned from", RecipeNotes.sizes(split.training().sources(), "image"));
        about.put(
                "held out",
                "%s: %s"
                        .formatted(
                                split.measured().name(),
                                Quantity.of(split.measured().size(), "image")));
        return about;
    }

    /** Where the model comes from. */
    Map<String, String> provenance(ClipTexts texts) {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("made_by", "llm2clip train clip");
        notes.put("start", vision.origin());
        notes.putAll(RecipeNotes.of("stage_2.", training));
        notes.putAll(RecipeNotes.of("data.", data.choices()));
        texts.choice().ifPresent(strategy -> notes.put("strategy", strategy.toString()));
        texts.parts().forEach(part -> notes.putAll(part.provenance()));
        return notes;
    }
}
