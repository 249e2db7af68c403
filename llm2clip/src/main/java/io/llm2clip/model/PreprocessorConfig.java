package io.llm2clip.model;

import io.llm2clip.image.Frame;
import io.llm2clip.image.PatchLimits;
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
    private static final String TYPE = "image_processor_type";
    /** Of FG-CLIP 2: whether the number of patches is one of several, by the size of the image. */
    private static final String DYNAMIC = "dynamic_max_patches";
    /** As Pillow numbers them. */
    private static final List<ResizeFilter> FILTERS =
            List.of(ResizeFilter.NEAREST, ResizeFilter.LANCZOS, ResizeFilter.BILINEAR, ResizeFilter.BICUBIC);

    private static final int BILINEAR = 2;
    private static final int BICUBIC = 3;

    /** No key of Hugging Face's, whose software never turns pictures. */
    private static final String EXIF_ORIENTATION = "exif_orientation";

    private PreprocessorConfig() {}

    /** Whether a directory's file says that pictures are turned upright, as they were in the training. */
    static boolean exifOrientation(Path directory) {
        Path file = directory.resolve(FILE);
        return Files.isRegularFile(file) && ConfigFile.read(file).truth(EXIF_ORIENTATION, false);
    }

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
        String type = config.string(TYPE, "");
        boolean patches =
                config.has(VisionConfigReader.LIMITS) || type.startsWith("Siglip2") || type.startsWith("Fgclip2");
        float[] mean = numbers(config, "image_mean");
        float[] std = numbers(config, "image_std");
        int usual = patches ? BILINEAR : BICUBIC;
        int resample = config.has("resample") ? config.root().path("resample").asInt(-1) : usual;
        ResizeFilter filter = resample >= 0 && resample < FILTERS.size() ? FILTERS.get(resample) : null;
        return Optional.of(Arrays.stream(PreprocessingPreset.values())
                .filter(preset -> {
                    Preprocessing way = preset.sample();
                    boolean framed = switch (way.frame()) {
                        case Frame.Patches _ -> patches;
                        case Frame.Square square ->
                            !patches && (square.resize() == Preprocessing.Resize.SHORT_SIDE_CENTER_CROP) == crop;
                    };
                    return framed
                            && way.filter() == filter
                            && Arrays.equals(way.mean(), mean)
                            && Arrays.equals(way.std(), std);
                })
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected images prepared as a CLIP or a SigLIP takes them, found do_center_crop %s, image_mean %s, image_std %s and resample %d%s; use another model, or remove the file to have them prepared as its kind of vision tower usually does."
                                .formatted(
                                        file,
                                        crop,
                                        Arrays.toString(mean),
                                        Arrays.toString(std),
                                        resample,
                                        patches ? " with max_num_patches" : ""))));
    }

    /**
     * A NaFlex tower for as many patches per image as a directory's file says, if it says anything. FG-CLIP 2's own number is used where
     * {@code dynamic_max_patches} is switched off; otherwise an image has a number by its size.
     *
     * @throws CheckpointException if the file is damaged, or for patches of another size
     */
    static VisionConfig limited(VisionConfig tower, Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return tower;
        }
        ConfigFile config = ConfigFile.read(file);
        if (config.integer("patch_size", tower.patchSize()) != tower.patchSize()) {
            throw config.wrong("patch_size", "%d, the size of the vision tower's patches".formatted(tower.patchSize()));
        }
        boolean dynamic = tower.patchLimits().equals(Optional.of(PatchLimits.FG_CLIP_2));
        if (config.truth(DYNAMIC, dynamic)) {
            return tower.withPatchLimits(PatchLimits.FG_CLIP_2);
        }
        return VisionConfigReader.limits(config).map(tower::withPatchLimits).orElse(tower);
    }

    /**
     * Writes the file for images that are prepared in a way; Hugging Face transformers opens it as {@code AutoImageProcessor}.
     *
     * @param upright whether they are turned by their EXIF orientation before
     */
    static void write(Path directory, Preprocessing way, boolean upright) {
        ObjectNode json = ConfigFile.object()
                .put("do_convert_rgb", true)
                .put("do_resize", true)
                .put("resample", FILTERS.indexOf(way.filter()))
                .put("do_rescale", true)
                .put("rescale_factor", 1 / 255.0)
                .put("do_normalize", true);
        switch (way.frame()) {
            case Frame.Square square -> write(json, square);
            case Frame.Patches patches -> write(json, patches);
        }
        write(json.putArray("image_mean"), way.mean());
        write(json.putArray("image_std"), way.std());
        if (upright) {
            json.put(EXIF_ORIENTATION, true);
        }
        ConfigFile.write(directory.resolve(FILE), json);
    }

    private static void write(ObjectNode json, Frame.Square frame) {
        boolean crop = frame.resize() == Preprocessing.Resize.SHORT_SIDE_CENTER_CROP;
        json.put(TYPE, crop ? "CLIPImageProcessor" : "SiglipImageProcessor").put("do_center_crop", crop);
        ObjectNode size = json.putObject("size");
        if (crop) {
            size.put("shortest_edge", frame.size());
            square(json.putObject("crop_size"), frame.size());
        } else {
            square(size, frame.size());
        }
    }

    private static void write(ObjectNode json, Frame.Patches frame) {
        PatchLimits limits = frame.limits();
        boolean dynamic = limits.equals(PatchLimits.FG_CLIP_2);
        json.put(TYPE, dynamic ? "Fgclip2ImageProcessor" : "Siglip2ImageProcessor")
                .put("patch_size", frame.patchSize())
                .put(DYNAMIC, dynamic)
                .put(VisionConfigReader.LIMITS, dynamic ? 256 : limits.largest());
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
