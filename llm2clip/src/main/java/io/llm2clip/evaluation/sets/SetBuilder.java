package io.llm2clip.evaluation.sets;

import io.llm2clip.data.DataFolder;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.JsonLines.BadLineException;
import io.llm2clip.text.WellFormed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects a {@link RetrievalSet} from an annotation, and what of it cannot be used. */
final class SetBuilder {
    private final String title;
    private final Path folder;
    private final ImagePlaces places;
    private final DataReport.Builder report;
    private final List<RetrievalSet.Image> images = new ArrayList<>();
    private final Map<String, Integer> indices = new HashMap<>();
    private final Set<String> captionKeys = new HashSet<>();
    private final Map<String, List<List<String>>> captions = new LinkedHashMap<>();

    /**
     * A set without images.
     *
     * @param file of the annotation
     * @param unit what the annotation consists of, in the singular
     */
    SetBuilder(String title, Path folder, ImagePlaces places, Path file, String unit) {
        this.title = title;
        this.folder = folder;
        this.places = places;
        report = new DataReport.Builder(file.toString(), unit);
    }

    DataReport.Builder report() {
        return report;
    }

    /** How many images there are by now. */
    int size() {
        return images.size();
    }

    /** An image with all its captions, in one language. */
    void image(int number, String name, List<String> texts) throws BadLineException {
        image(number, name, Map.of(RetrievalSet.ONE_LANGUAGE, texts));
    }

    /** An image with all its captions by language. */
    void image(int number, String name, Map<String, List<String>> texts) throws BadLineException {
        if (indices.containsKey(name)) {
            throw new BadLineException("image listed twice", name);
        }
        if (find(number, name)) {
            texts.forEach((language, each) -> captionsOf(language).getLast().addAll(each));
            report.use();
        }
    }

    /**
     * One of the captions of an image.
     *
     * @param key that no other caption of the image has; empty if captions have none
     */
    void caption(int number, String name, String key, String text) throws BadLineException {
        if (text.isBlank()) {
            throw new BadLineException("no caption", name);
        }
        if (!key.isEmpty() && !captionKeys.add(name + key)) {
            throw new BadLineException("caption listed twice", name + key);
        }
        if (indices.containsKey(name) || find(number, name)) {
            captionsOf(RetrievalSet.ONE_LANGUAGE)
                    .get(indices.getOrDefault(name, 0))
                    .add(WellFormed.text(text));
            report.use();
        }
    }

    private boolean find(int number, String name) throws BadLineException {
        switch (places.find(name)) {
            case DataFolder.Found found -> {
                indices.put(name, images.size());
                images.add(new RetrievalSet.Image(name, found.file()));
                captions.values().forEach(each -> each.add(new ArrayList<>()));
                return true;
            }
            case DataFolder.Missing _ -> report.skipMissing(number, "image file missing", name);
            case DataFolder.Outside outside -> report.skipOutside(number, outside.reason(), name);
        }
        return false;
    }

    private List<List<String>> captionsOf(String language) {
        return captions.computeIfAbsent(language, _ -> {
            List<List<String>> none = new ArrayList<>();
            images.forEach(_ -> none.add(new ArrayList<>()));
            return none;
        });
    }

    /**
     * The set.
     *
     * @param format what the annotation is made of, for the message
     * @throws io.llm2clip.data.InputException if too little of it can be used
     */
    RetrievalSet build(String format) {
        return new RetrievalSet(title, folder, images, captions, report.build(format));
    }
}
