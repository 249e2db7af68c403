package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The test sets of the papers, each in the layouts in which it is published. Every method takes the data set's folder and throws an
 * {@link InputException} that says what was looked for, what was found and what to do, if the folder has another layout.
 */
public final class PublishedSets {
    private static final int ALL = Integer.MAX_VALUE;

    /** Karpathy's test images have five captions each, but a few of COCO's more, which do not count. */
    private static final int FIVE = 5;

    private static final String[] FLICKR_IMAGES = {
        "", "flickr30k-images", "flickr30k_images", "flickr30k_images/flickr30k_images", "images", "Images"
    };
    private static final String[] COCO_IMAGES = {
        "", "images", "val2014", "train2014", "images/val2014", "images/train2014"
    };

    private PublishedSets() {}

    /**
     * Flickr30k, Karpathy's test split of 1000 images with 5 captions each: {@code dataset_flickr30k.json} (Karpathy),
     * {@code flickr30k_test.json} (Salesforce), {@code flickr30k_test_karpathy.txt}, {@code flickr_annotations_30k.csv}; or
     * {@code results_20130124.token} or {@code results.csv} and beside it {@code test.txt}, the names of the test images. The images are
     * in {@code flickr30k-images} or {@code images}.
     */
    public static RetrievalSet flickr30k(Path folder) {
        String title = "Flickr30k";
        ImagePlaces places = ImagePlaces.of(List.of(folder), FLICKR_IMAGES);
        return Layout.read(
                title,
                folder,
                "put dataset_flickr30k.json of Karpathy's splits beside the folder flickr30k-images",
                List.of(
                        new Layout<>(
                                "dataset_flickr30k.json", file -> KarpathyJson.read(title, folder, file, places, ALL)),
                        new Layout<>(
                                "flickr30k_test.json", file -> CaptionListJson.read(title, folder, file, places, ALL)),
                        new Layout<>(
                                "flickr30k_test_karpathy.txt", file -> CsvCaptions.read(title, folder, file, places)),
                        new Layout<>(
                                "flickr_annotations_30k.csv", file -> CsvCaptions.read(title, folder, file, places)),
                        new Layout<>("results_20130124.token", file -> ofTestImages(title, folder, file, places)),
                        new Layout<>("results.csv", file -> ofTestImages(title, folder, file, places))));
    }

    private static RetrievalSet ofTestImages(String title, Path folder, Path file, ImagePlaces places) {
        Path list = file.resolveSibling("test.txt");
        if (!Files.isRegularFile(list)) {
            throw new InputException(
                    "%s: expected test.txt beside %s, the names of the 1000 test images, found none; put it there, or use dataset_flickr30k.json, which has the splits."
                            .formatted(title, file));
        }
        return TokenLines.read(title, folder, file, places, Optional.of(TokenLines.list(list)));
    }

    /**
     * COCO, Karpathy's test split of 5000 images with 5 captions each: {@code dataset_coco.json} (Karpathy) or
     * {@code coco_karpathy_test.json} (Salesforce); the images are in {@code val2014}.
     */
    public static RetrievalSet coco(Path folder) {
        return coco(folder, ImagePlaces.of(List.of(folder), COCO_IMAGES));
    }

    /** The captions of {@link #coco}, whose images need not be there. */
    public static RetrievalSet cocoCaptions(Path folder) {
        return coco(folder, ImagePlaces.anywhere());
    }

    private static RetrievalSet coco(Path folder, ImagePlaces places) {
        String title = "COCO";
        return Layout.read(
                title,
                folder,
                "put dataset_coco.json of Karpathy's splits beside the folder val2014 (captions_val2014.json and captions_val2017.json have other images than the 5000 that results are published on)",
                List.of(
                        new Layout<>("dataset_coco.json", file -> KarpathyJson.read(title, folder, file, places, FIVE)),
                        new Layout<>(
                                "coco_karpathy_test.json",
                                file -> CaptionListJson.read(title, folder, file, places, FIVE))));
    }

    /**
     * ShareGPT4V-1k: the first 1000 entries of {@code share-captioner_coco_lcs_sam_1246k_1107.json}, one long caption each; images lie
     * under the paths that it has, {@code sam/images/sa_1.jpg}, below the folder or below {@code data}.
     */
    public static RetrievalSet shareGpt4v(Path folder) {
        String title = "ShareGPT4V-1k";
        ImagePlaces places = ImagePlaces.of(List.of(folder), "", "data", "images", "sam/images");
        return Layout.read(
                title,
                folder,
                "put the annotation that ShareGPT4V publishes above the folder sam/images",
                List.of(new Layout<>(ShareGpt4v.FILE, file -> ShareGpt4v.read(title, folder, file, places))));
    }

    /** Urban1k: 1000 images, {@code image/1.jpg}, with one long caption each, the first line of {@code caption/1.txt}. */
    public static RetrievalSet urban1k(Path folder) {
        String title = "Urban1k";
        ImagePlaces places = ImagePlaces.of(List.of(folder), "image", "Urban1k/image");
        return Layout.read(
                title,
                folder,
                "unpack Urban1k.zip here, which has the folders image and caption",
                List.of(
                        new Layout<>("caption", captions -> Urban1k.read(title, folder, captions, places)),
                        new Layout<>("Urban1k/caption", captions -> Urban1k.read(title, folder, captions, places))));
    }

    /**
     * DOCCI's test split of 5000 images, one long description each: {@code docci_descriptions.jsonlines}, images in {@code images}.
     */
    public static RetrievalSet docci(Path folder) {
        String title = "DOCCI";
        ImagePlaces places = ImagePlaces.of(List.of(folder), "images", "");
        return Layout.read(
                title,
                folder,
                "put it beside the folder images of docci_images.tar.gz",
                List.of(new Layout<>("docci_descriptions.jsonlines", file -> Docci.read(title, folder, file, places))));
    }

    /** Crossmodal-3600: 3600 images with captions in 36 languages, {@code captions.jsonl}; images in {@code images}. */
    public static RetrievalSet xm3600(Path folder) {
        String title = "XM3600";
        ImagePlaces places = ImagePlaces.of(List.of(folder), "images", "");
        return Layout.read(
                title,
                folder,
                "unpack captions.zip and images.tgz of Crossmodal-3600 here",
                List.of(new Layout<>("captions.jsonl", file -> Xm3600.read(title, folder, file, places))));
    }

    /**
     * Flickr30k-CN: Flickr30k's 1000 test images with 5 Chinese captions each, {@code flickr30k_cn_test.txt}, with lines
     * {@code image,caption} or {@code 1007129816#0}, a tab, the caption. The images lie here as in {@link #flickr30k}, or in
     * {@code flickr30k}.
     *
     * @param flickr30k folder of Flickr30k, which need not exist
     */
    public static RetrievalSet flickrCn(Path folder, Path flickr30k) {
        String title = "Flickr-CN";
        ImagePlaces places = ImagePlaces.of(List.of(folder, flickr30k), FLICKR_IMAGES);
        return Layout.read(
                title,
                folder,
                "put it here, and the images here or into the folder flickr30k beside",
                List.of(new Layout<>(
                        "flickr30k_cn_test.txt",
                        file -> CsvCaptions.hasHead(file)
                                ? CsvCaptions.read(title, folder, file, places)
                                : TokenLines.read(title, folder, file, places, Optional.empty()))));
    }

    /**
     * COCO-CN: 1000 test images with one or two Chinese captions each, {@code imageid.human-written-caption.txt} and the names of the
     * test images, {@code coco-cn_test.txt}. The images lie here as in {@link #coco}, or in {@code coco}.
     *
     * @param coco folder of COCO, which need not exist
     */
    public static RetrievalSet cocoCn(Path folder, Path coco) {
        String title = "COCO-CN";
        ImagePlaces places = ImagePlaces.of(List.of(folder, coco), COCO_IMAGES);
        return Layout.read(
                title,
                folder,
                "unpack coco-cn-version1805v1.1 here, and put the images here or into the folder coco beside",
                List.of(new Layout<>("imageid.human-written-caption.txt", file -> {
                    Path list = file.resolveSibling("coco-cn_test.txt");
                    if (!Files.isRegularFile(list)) {
                        throw new InputException(
                                "%s: expected coco-cn_test.txt beside %s, the names of the 1000 test images, found none; put it there."
                                        .formatted(title, file));
                    }
                    return TokenLines.read(title, folder, file, places, Optional.of(TokenLines.list(list)));
                })));
    }
}
