package io.llm2clip.training;

import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The models that stage 2 makes: one, or that of the language model and, within its directory, that of the text tower.
 *
 * @param texts their text branches
 * @param vision their vision tower
 * @param contrasts whose first ones are those of the images with each branch
 * @param description of all
 */
record ClipBranches(ClipTexts texts, VisionTower vision, List<Contrast> contrasts, ModelDescription description) {
    /** @throws IllegalArgumentException if sizes do not fit */
    ClipBranches {
        for (TextPart part : texts.parts()) {
            model(texts.parts().indexOf(part), texts, vision, contrasts, description);
        }
    }

    private Llm2ClipModel model(int part) {
        return model(part, texts, vision, contrasts, description);
    }

    private static Llm2ClipModel model(
            int part, ClipTexts texts, VisionTower vision, List<Contrast> contrasts, ModelDescription description) {
        return new Llm2ClipModel(
                description,
                texts.parts().get(part).branch(),
                vision,
                contrasts.get(part).logits());
    }

    /** Saves all, as a whole or not at all. */
    void save(OutputDirectory output) {
        output.fill(directory -> {
            for (int part = 0; part < texts.parts().size(); part++) {
                Path own = part == 0 ? directory : Files.createDirectories(directory.resolve(ModelDirectory.TOWER));
                texts.parts().get(part).write(own, model(part), Saving.DEFAULT);
            }
        });
        output.publish();
    }

    /** The bytes that saving takes, but for small files. */
    long bytes() {
        long bytes = 0;
        for (int part = 0; part < texts.parts().size(); part++) {
            bytes += texts.parts().get(part).bytes(model(part), Saving.DEFAULT);
        }
        return bytes;
    }
}
