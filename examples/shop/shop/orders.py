"""The API: orders. Each user sees their own."""

from __future__ import annotations

import marshmallow as ma
from flask.views import MethodView
from flask_jwt_extended import current_user, jwt_required
from flask_smorest import Blueprint, abort

from .extensions import db
from .models import Order, Product
from .products import COUNT

blp = Blueprint("orders", __name__, url_prefix="/api/orders", description="What was ordered")


class OrderSchema(ma.Schema):
    id = ma.fields.Integer(dump_only=True)
    product_id = ma.fields.Integer(required=True, strict=True, validate=COUNT)
    quantity = ma.fields.Integer(
        required=True, strict=True, validate=ma.validate.Range(1, COUNT.max)
    )
    cost = ma.fields.Integer(dump_only=True)
    placed_at = ma.fields.NaiveDateTime(dump_only=True)


@blp.route("")
class Orders(MethodView):
    decorators = (jwt_required(),)

    @blp.response(200, OrderSchema(many=True))
    def get(self):
        """List one's own orders."""
        return db.session.scalars(
            db.select(Order).filter_by(buyer_id=current_user.id).order_by(Order.id)
        )

    @blp.arguments(OrderSchema)
    @blp.response(201, OrderSchema)
    @blp.alt_response(409, description="Not enough left")
    def post(self, values):
        """Order some pieces of a product."""
        product = db.get_or_404(Product, values["product_id"])
        quantity = values["quantity"]
        take_from_stock(product, quantity)
        order = Order(
            buyer_id=current_user.id,
            product_id=product.id,
            quantity=quantity,
            cost=quantity * product.price,
        )
        db.session.add(order)
        db.session.commit()
        return order


def take_from_stock(product, quantity):
    """Do it in one statement: two who order at the same time must not both get the last piece."""
    taken = db.session.execute(
        db.update(Product)
        .where(Product.id == product.id, Product.stock >= quantity)
        .values(stock=Product.stock - quantity)
    )
    if not taken.rowcount:
        abort(409, message="There is not that much left.")
