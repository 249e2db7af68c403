package io.llm2clip.demo.scenes;

import java.awt.AlphaComposite;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;

/** Paints the objects of a scene, in pixels of 128. */
final class ObjectPainter {
    private static final Color OUTLINE = new Color(40, 34, 44);
    private static final Color SHADOW = new Color(20, 20, 30, 70);
    private static final BasicStroke PEN = new BasicStroke(1.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    /** Bodies lighter than this (luma of 255) carry a dark pattern. */
    private static final double BRIGHT = 200;

    private final Graphics2D graphics;
    private final double scale;

    ObjectPainter(Graphics2D graphics, double scale) {
        this.graphics = graphics;
        this.scale = scale;
    }

    void paint(SceneObject object) {
        AffineTransform place = AffineTransform.getTranslateInstance(object.x(), object.y());
        place.scale(object.height(), object.height());
        Figure figure = switch (object.kind()) {
            case Kind.Ground ground -> GroundFigures.of(ground);
            case Kind.Sky sky -> SkyFigures.of(sky);
        };
        Figure placed = figure.transformed(place);
        if (figure.shadowWidth() > 0) {
            double width = figure.shadowWidth() * object.height();
            graphics.setColor(SHADOW);
            graphics.fill(new Ellipse2D.Double(
                    object.x() - width / 2, object.y() - 0.06 * object.height(), width, 0.13 * object.height()));
        }
        graphics.setStroke(PEN);
        placed.behind().forEach(this::paint);
        paintBody(placed.body(), object);
        placed.front().forEach(this::paint);
    }

    private void paint(Figure.Part part) {
        graphics.setColor(part.fill());
        graphics.fill(part.shape());
        if (part.outlined()) {
            graphics.setColor(OUTLINE);
            graphics.draw(part.shape());
        }
    }

    /** The pattern is composed onto the body in a layer of its own, because clips are not antialiased. */
    private void paintBody(Shape body, SceneObject object) {
        Rectangle2D bounds = body.getBounds2D();
        int left = (int) Math.floor(bounds.getMinX() * scale) - 1;
        int top = (int) Math.floor(bounds.getMinY() * scale) - 1;
        int right = (int) Math.ceil(bounds.getMaxX() * scale) + 1;
        int bottom = (int) Math.ceil(bounds.getMaxY() * scale) + 1;
        BufferedImage layer = new BufferedImage(right - left, bottom - top, BufferedImage.TYPE_INT_ARGB_PRE);
        Graphics2D onLayer = layer.createGraphics();
        onLayer.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        onLayer.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        onLayer.translate(-left, -top);
        onLayer.scale(scale, scale);
        Color colour = object.colour().paint();
        onLayer.setPaint(new GradientPaint(
                (float) bounds.getMinX(),
                (float) bounds.getMinY(),
                mixed(colour, Color.WHITE, 0.18),
                (float) bounds.getMaxX(),
                (float) bounds.getMaxY(),
                mixed(colour, Color.BLACK, 0.25)));
        onLayer.fill(body);
        onLayer.setComposite(AlphaComposite.SrcAtop);
        onLayer.setColor(luma(colour) > BRIGHT ? new Color(88, 86, 96, 225) : new Color(255, 255, 255, 228));
        paintPattern(onLayer, object.pattern(), bounds, Math.max(5, 0.2 * object.height()));
        onLayer.dispose();
        AffineTransform toPixels = graphics.getTransform();
        graphics.setTransform(new AffineTransform());
        graphics.drawImage(layer, left, top, null);
        graphics.setTransform(toPixels);
        graphics.setColor(OUTLINE);
        graphics.draw(body);
    }

    private static void paintPattern(Graphics2D graphics, Pattern pattern, Rectangle2D bounds, double period) {
        int rows = (int) Math.ceil(bounds.getHeight() / period) + 1;
        int columns = (int) Math.ceil(bounds.getWidth() / period) + 1;
        double half = period / 2;
        switch (pattern) {
            case PLAIN -> {}
            case STRIPED -> {
                for (int row = 0; row < rows; row++) {
                    double y = bounds.getMinY() + (row + 0.25) * period;
                    graphics.fill(new Rectangle2D.Double(bounds.getMinX(), y, bounds.getWidth(), half));
                }
            }
            case DOTTED -> {
                double diameter = 0.56 * period;
                for (int row = 0; row < rows; row++) {
                    for (int column = -1; column < columns; column++) {
                        double x = bounds.getMinX() + (column + 0.15 + 0.5 * (row % 2)) * period;
                        double y = bounds.getMinY() + (0.85 * row + 0.2) * period;
                        graphics.fill(new Ellipse2D.Double(x, y, diameter, diameter));
                    }
                }
            }
            case CHECKED -> {
                for (int row = 0; row < 2 * rows; row++) {
                    for (int column = row % 2; column < 2 * columns; column += 2) {
                        double x = bounds.getMinX() + column * half;
                        graphics.fill(new Rectangle2D.Double(x, bounds.getMinY() + row * half, half, half));
                    }
                }
            }
        }
    }

    private static double luma(Color colour) {
        return 0.299 * colour.getRed() + 0.587 * colour.getGreen() + 0.114 * colour.getBlue();
    }

    static Color mixed(Color from, Color to, double share) {
        return new Color(
                (int) Math.round(from.getRed() + share * (to.getRed() - from.getRed())),
                (int) Math.round(from.getGreen() + share * (to.getGreen() - from.getGreen())),
                (int) Math.round(from.getBlue() + share * (to.getBlue() - from.getBlue())));
    }
}
