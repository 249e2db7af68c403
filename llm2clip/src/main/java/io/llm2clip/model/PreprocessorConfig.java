package io.llm2clip.model;

import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.ResizeFilter;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The {@code preprocessor_config.json} of a repository of Hugging Face: how a model takes images. */
final class PreprocessorConfig {
    private static final String FILE = "preprocessor_config.json";
    /** As Pillow numbers them. */
    private static final List<ResizeFilter> FILTERS =
            List.of(ResizeFilter.NEAREST, ResizeFilter.LANCZOS, ResizeFilter.BILINEAR, ResizeFilter.BICUBIC);

    private static final int BICUBIC = 3;

    private PreprocessorConfig() {}

    /**
     * The way of a directory's file, if it has one.
     *
     * @throws CheckpointException if the file is damaged, or images are to be taken in a way that is not known
     */
    static Optional<PreprocessingPreset> read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        ConfigFile config = ConfigFile.read(file);
        boolean crop = config.truth("do_center_crop", false);
        float[] mean = numbers(config, "image_mean");
        float[] std = numbers(config, "image_std");
        int resample = config.has("resample") ? config.root().path("resample").asInt(-1) : BICUBIC;
        ResizeFilter filter = resample >= 0 && resample < FILTERS.size() ? FILTERS.get(resample) : null;
        return Optional.of(Arrays.stream(PreprocessingPreset.values())
                .filter(preset -> preset != PreprocessingPreset.MINIATURE)
                .filter(preset -> {
                    Preprocessing way = preset.ofSize(1);
                    return (way.resize() == Preprocessing.Resize.SHORT_SIDE_CENTER_CROP) == crop
                            && way.filter() == filter
                            && Arrays.equals(way.mean(), mean)
                            && Arrays.equals(way.std(), std);
                })
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected images prepared as a CLIP or a SigLIP takes them, found do_center_crop %s, image_mean %s, image_std %s and resample %d; use another model, or remove the file to have them prepared as its kind of vision tower usually does."
                                .formatted(file, crop, Arrays.toString(mean), Arrays.toString(std), resample))));
    }

    /** Writes the file for images that are prepared in a way; Hugging Face transformers opens it as {@code AutoImageProcessor}. */
    static void write(Path directory, Preprocessing way) {
        boolean crop = way.resize() == Preprocessing.Resize.SHORT_SIDE_CENTER_CROP;
        ObjectNode json = ConfigFile.object()
                .put("image_processor_type", crop ? "CLIPImageProcessor" : "SiglipImageProcessor")
                .put("do_convert_rgb", true)
                .put("do_resize", true)
                .put("resample", FILTERS.indexOf(way.filter()))
                .put("do_center_crop", crop)
                .put("do_rescale", true)
                .put("rescale_factor", 1 / 255.0)
                .put("do_normalize", true);
        ObjectNode size = json.putObject("size");
        if (crop) {
            size.put("shortest_edge", way.size());
            square(json.putObject("crop_size"), way.size());
        } else {
            square(size, way.size());
        }
        write(json.putArray("image_mean"), way.mean());
        write(json.putArray("image_std"), way.std());
        ConfigFile.write(directory.resolve(FILE), json);
    }

    private static void square(ObjectNode json, int size) {
        json.put("height", size).put("width", size);
    }

    /** Through text: the shortest decimals of the floats, not the digits of their doubles. */
    private static void write(ArrayNode json, float[] numbers) {
        for (float number : numbers) {
            json.add(Double.parseDouble(Float.toString(number)));
        }
    }

    private static float[] numbers(ConfigFile config, String key) {
        List<JsonNode> values = new ArrayList<>();
        StreamSupport.stream(config.root().path(key).spliterator(), false).forEach(values::add);
        if (values.size() != 3 || values.stream().anyMatch(value -> !value.isNumber())) {
            throw config.wrong(key, "three numbers");
        }
        float[] numbers = new float[3];
        for (int i = 0; i < 3; i++) {
            numbers[i] = (float) values.get(i).asDouble();
        }
        return numbers;
    }
}
