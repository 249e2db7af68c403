package io.llm2clip.demo;

import io.llm2clip.data.CaptionCorpus;
import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.demo.scenes.DemoDataSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The demo's texts: captions of training images in first wordings, a corpus in all wordings, and queries about images that were
 * held out, in the same words and in words that no image caption used.
 *
 * @param training images with their captions
 * @param measured images to retrieve
 * @param corpus file of caption groups for language model and stage 1
 * @param querySets columns of queries by name, one caption an image each
 */
record DemoTexts(
        CaptionedImages training, CaptionedImages measured, Path corpus, Map<String, List<List<String>>> querySets) {

    static DemoTexts read(DemoDataSet data, boolean validation) {
        CaptionedImages training = CaptionedImages.open(folder(data.trainCaptions()));
        CaptionedImages measured =
                CaptionedImages.open(folder(validation ? data.validationCaptions() : data.testCaptions()));
        List<List<String>> same =
                measured.items().stream().map(CaptionedImage::captions).toList();
        Map<String, List<List<String>>> sets = new LinkedHashMap<>();
        sets.put("long", List.of(column(same, 1), column(same, 2)));
        sets.put("short", List.of(column(same, 0)));
        if (!validation) {
            List<List<String>> other =
                    CaptionCorpus.open(data.testCaptionsInOtherWords()).groups();
            sets.put("longOtherWords", List.of(column(other, 1), column(other, 2)));
            sets.put("shortOtherWords", List.of(column(other, 0)));
        }
        return new DemoTexts(training, measured, data.textCorpus(), sets);
    }

    /** The brief caption of each measured image, in the training captions' words. */
    List<String> briefCaptions() {
        return Objects.requireNonNull(querySets.get("short")).getFirst();
    }

    private static Path folder(Path captions) {
        return Objects.requireNonNull(captions.getParent());
    }

    private static List<String> column(List<List<String>> captions, int number) {
        List<String> column = new ArrayList<>();
        for (List<String> each : captions) {
            column.add(each.get(number));
        }
        return column;
    }
}
