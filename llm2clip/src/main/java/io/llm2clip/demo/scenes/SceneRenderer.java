package io.llm2clip.demo.scenes;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.Comparator;

/** Paints scenes with Java2D, antialiased, without a display. Instances hold no state between images. */
public final class SceneRenderer {
    /** Side of the coordinate system that scenes are described in. */
    static final int UNITS = 128;

    private static final int LARGEST = 4096;

    private final int pixels;

    /**
     * A renderer of square images with {@code pixels} a side: 128 for the data set, 160 for reports.
     *
     * @throws IllegalArgumentException if the side is not in 16..4096
     */
    public SceneRenderer(int pixels) {
        if (pixels < 16 || pixels > LARGEST) {
            throw new IllegalArgumentException(
                    "An image side of " + pixels + " pixels was asked for; choose one in 16.." + LARGEST + ".");
        }
        this.pixels = pixels;
    }

    /** The scene as an RGB image. */
    public BufferedImage render(Scene scene) {
        BufferedImage image = new BufferedImage(pixels, pixels, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        double scale = pixels / (double) UNITS;
        graphics.scale(scale, scale);
        new SkyPainter(graphics, scene).paint();
        new GroundPainter(graphics, scene).paint();
        ObjectPainter painter = new ObjectPainter(graphics, scale);
        scene.objects().stream().sorted(Comparator.comparingInt(SceneObject::y)).forEach(painter::paint);
        new WeatherPainter(graphics, scene).paint();
        graphics.dispose();
        return image;
    }
}
